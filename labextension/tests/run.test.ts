import { describe, expect, it } from 'vitest';
import type { IRunEvent } from '../src/client/documents';
import {
  afterEvent,
  failedStep,
  type IRun,
  isOver,
  progressOf,
  remainingSeconds,
  runOf,
  startedRun
} from '../src/model/run';
import { framesOf } from '../src/model/traceback';

const ERROR = { message: 'step failed', cell: 2, line: 3, ename: 'ValueError', evalue: 'no' };

const EVENTS: IRunEvent[] = [
  {
    event: 'run-started',
    run_id: 'r',
    number: 0,
    time_s: 10,
    steps: ['a', 'b'],
    parameters: { n: 1 }
  },
  {
    event: 'run-planned',
    run_id: 'r',
    number: 1,
    steps: { b: { status: 'stale', reason: 'because', causes: [], expected_seconds: 4 } }
  },
  { event: 'step-started', run_id: 'r', number: 2, time_s: 11, step: 'a', reason: 'new' },
  { event: 'step-progress', run_id: 'r', number: 3, step: 'a', cell: 1, cells: 2 },
  {
    event: 'step-finished',
    run_id: 'r',
    number: 4,
    step: 'a',
    status: 'executed',
    reason: 'new',
    seconds: 2
  },
  {
    event: 'step-finished',
    run_id: 'r',
    number: 5,
    step: 'b',
    status: 'failed',
    reason: 'no',
    seconds: 1,
    error: ERROR
  },
  { event: 'run-finished', run_id: 'r', status: 'failed', seconds: 3 }
];

function fold(events: readonly IRunEvent[]): IRun {
  const run = events.reduce<IRun | null>(afterEvent, null);
  if (!run) {
    throw new Error('no events');
  }
  return run;
}

describe('afterEvent', () => {
  it('follows a run to its end', () => {
    const run = fold(EVENTS);
    expect(run.status).toBe('failed');
    expect(run.seconds).toBe(3);
    expect(run.parameters).toEqual({ n: 1 });
    expect(run.steps.a).toMatchObject({ status: 'executed', seconds: 2, startedAt: 11 });
    expect(failedStep(run)).toMatchObject({ name: 'b', step: { error: ERROR } });
    expect(isOver(run)).toBe(true);
  });

  it('knows the plan of what is still queued', () => {
    expect(fold(EVENTS.slice(0, 2)).steps.b).toMatchObject({
      status: 'queued',
      reason: 'because',
      expectedSeconds: 4
    });
  });

  it('measures progress by cells', () => {
    expect(progressOf(fold(EVENTS.slice(0, 4)))).toBe(0.125); // the first of two cells runs, in one of two steps
    expect(progressOf(fold(EVENTS))).toBe(1);
  });

  it.each(EVENTS.map((_, index) => [index]))('changes nothing when event %i comes again', index => {
    const run = fold(EVENTS);
    const event = EVENTS[index];
    expect(event && afterEvent(run, event)).toBe(run);
  });

  it('takes over a run that was only started', () => {
    const run = EVENTS.reduce(afterEvent, startedRun('r', 9, ['a', 'b']));
    expect(run.status).toBe('failed');
  });

  it('begins anew with another run', () => {
    const run = afterEvent(fold(EVENTS), {
      event: 'run-started',
      run_id: 's',
      number: 0,
      time_s: 20,
      steps: ['a']
    });
    expect(run).toMatchObject({ id: 's', status: 'running', steps: { a: { status: 'queued' } } });
  });

  it('lives with events that it does not know', () => {
    const event = { event: 'step-sang', run_id: 'r', number: 1, step: 'a' };
    expect(afterEvent(fold(EVENTS.slice(0, 1)), event).steps.a?.status).toBe('queued');
  });
});

it('reads a run from its summary', () => {
  const run = runOf({
    run_id: 'r',
    status: 'failed',
    started_s: 5,
    seconds: 3,
    parameters: {},
    steps: { b: { status: 'failed', reason: 'no', seconds: 1, error: ERROR } }
  });
  expect(failedStep(run)?.name).toBe('b');
  expect(isOver(run)).toBe(true);
});

it('finds the frames of a traceback that lie in the notebook', () => {
  const traceback =
    '\u001b[32mCell 3, line 4\u001b[39m\n  x\n\n\u001b[32mCell 2, line 2\u001b[39m, in div(a, b)\n' +
    'File /lib/x.py:1, in y()\nZeroDivisionError: division by zero';
  expect(framesOf(traceback)).toEqual([
    { cell: 3, line: 4, where: '' },
    { cell: 2, line: 2, where: 'div(a, b)' }
  ]);
});

describe('remainingSeconds', () => {
  const plan = (seconds: number | null): IRunEvent => ({
    event: 'run-planned',
    run_id: 'r',
    number: 1,
    steps: {
      a: { status: 'stale', reason: '', causes: [], expected_seconds: 10 },
      b: { status: 'stale', reason: '', causes: [], expected_seconds: seconds },
      c: { status: 'cached', reason: '', causes: [], expected_seconds: null }
    }
  });
  const start: IRunEvent = { event: 'run-started', run_id: 'r', number: 0, steps: ['a', 'b', 'c'] };
  const begun: IRunEvent = {
    event: 'step-started',
    run_id: 'r',
    number: 2,
    time_s: 100,
    step: 'a'
  };

  it('counts what is left of the step that runs, and those after it that do', () => {
    expect(remainingSeconds(fold([start, plan(4), begun]), 103)).toBe(11);
  });

  it('takes a step that runs longer than it did for one that is about to end', () => {
    expect(remainingSeconds(fold([start, plan(4), begun]), 200)).toBe(4);
  });

  it('is not known where a step never ran', () => {
    expect(remainingSeconds(fold([start, plan(null), begun]), 103)).toBeNull();
  });
});
