import type {
  IPlannedStep,
  IRunEvent,
  IRunSummary,
  IStepError,
  IStepOutcome,
  Json,
  RunStatus,
  StepStatus
} from '../client/documents';

export interface IStepRun {
  status: StepStatus;
  reason: string;
  seconds: number | null;
  /** Seconds since the epoch; null before the step starts. */
  startedAt: number | null;
  expectedSeconds: number | null;
  /** Cells of the step's notebook that are done, and how many it has. */
  done: number;
  cells: number;
  error: IStepError | null;
}

/** What is known of one run: the fold of its events. */
export interface IRun {
  id: string;
  status: RunStatus;
  startedAt: number;
  seconds: number | null;
  parameters: Record<string, Json>;
  steps: Record<string, IStepRun>;
  warnings: readonly string[];
  /** The number of the last event that is in here. */
  number: number;
}

const QUEUED: IStepRun = {
  status: 'queued',
  reason: '',
  seconds: null,
  startedAt: null,
  expectedSeconds: null,
  done: 0,
  cells: 0,
  error: null
};

export function isOver(run: IRun | null): boolean {
  return run === null || run.status !== 'running';
}

/** The run after one more event. An event that is in already changes nothing: the same object comes back. */
export function afterEvent(run: IRun | null, event: IRunEvent): IRun {
  const known = run?.id === event.run_id ? run : emptyRun(event.run_id, event.time_s ?? 0);
  const number = event.number ?? (event.event === 'run-finished' ? known.number + 1 : -1);
  if (number <= known.number || (run === known && isOver(run))) {
    return known;
  }
  return { ...change(known, event), number };
}

/** A run of which nothing is known but that it was started. */
export function startedRun(id: string, startedAt: number, steps: readonly string[]): IRun {
  return {
    ...emptyRun(id, startedAt),
    steps: Object.fromEntries(steps.map(name => [name, QUEUED]))
  };
}

/** A run that is read from its summary, as after a reload of the page. */
export function runOf(summary: IRunSummary): IRun {
  const steps = Object.entries(summary.steps).map(([name, outcome]) => [
    name,
    finished(QUEUED, outcome)
  ]);
  return {
    ...emptyRun(summary.run_id, summary.started_s),
    status: summary.status,
    seconds: summary.seconds,
    parameters: summary.parameters,
    steps: Object.fromEntries(steps)
  };
}

/** The step to show first when a run failed; null if none did. */
export function failedStep(run: IRun | null): { name: string; step: IStepRun } | null {
  const found = Object.entries(run?.steps ?? {}).find(([, step]) => step.status === 'failed');
  return found ? { name: found[0], step: found[1] } : null;
}

/** How far the run is, from 0 to 1. */
export function progressOf(run: IRun): number {
  const steps = Object.values(run.steps);
  const done = steps.reduce((sum, step) => sum + fraction(step), 0);
  return steps.length ? done / steps.length : 0;
}

/**
 * Seconds of work that are left, by what the steps took before; null while that is not known of all.
 * What runs longer than it did counts as about to end.
 */
export function remainingSeconds(run: IRun, now: number): number | null {
  let left = 0;
  for (const step of Object.values(run.steps)) {
    if (step.status !== 'queued' && step.status !== 'running') {
      continue;
    }
    if (step.expectedSeconds === null) {
      return null;
    }
    left += Math.max(0, step.expectedSeconds - (step.startedAt ? now - step.startedAt : 0));
  }
  return left;
}

/** How far a step is, from 0 to 1. */
export function fraction(step: IStepRun): number {
  if (step.status === 'queued') {
    return 0;
  }
  if (step.status !== 'running') {
    return 1;
  }
  return Math.max(0, step.done - 0.5) / Math.max(step.cells, 1); // the cell that runs is half done
}

function emptyRun(id: string, startedAt: number): IRun {
  return {
    id,
    status: 'running',
    startedAt,
    seconds: null,
    parameters: {},
    steps: {},
    warnings: [],
    number: -1
  };
}

function change(run: IRun, event: IRunEvent): IRun {
  switch (event.event) {
    case 'run-started':
      return started(run, event);
    case 'run-planned':
    case 'run-replanned':
      return planned(run, event);
    case 'run-warning':
      return { ...run, warnings: [...run.warnings, event.message ?? event.reason ?? ''] };
    case 'run-finished':
      return ended(run, event);
    default:
      return event.step ? stepChanged(run, event.step, event) : run;
  }
}

function started(run: IRun, event: IRunEvent): IRun {
  const names = Array.isArray(event.steps) ? event.steps : [];
  return {
    ...run,
    startedAt: event.time_s ?? run.startedAt,
    parameters: event.parameters ?? {},
    steps: Object.fromEntries(names.map(name => [name, run.steps[name] ?? QUEUED]))
  };
}

function planned(run: IRun, event: IRunEvent): IRun {
  const steps = { ...run.steps };
  for (const [name, plan] of Object.entries(outcomes<IPlannedStep>(event))) {
    const known = steps[name] ?? QUEUED;
    if (known.status === 'queued') {
      const expectedSeconds = plan.status === 'cached' ? 0 : plan.expected_seconds;
      steps[name] = { ...known, reason: plan.reason, expectedSeconds };
    }
  }
  return { ...run, steps };
}

function ended(run: IRun, event: IRunEvent): IRun {
  const steps = { ...run.steps };
  for (const [name, outcome] of Object.entries(outcomes<IStepOutcome>(event))) {
    steps[name] = finished(steps[name] ?? QUEUED, outcome);
  }
  return {
    ...run,
    status: (event.status as RunStatus | undefined) ?? 'failed',
    seconds: event.seconds ?? null,
    parameters: event.parameters ?? run.parameters,
    steps
  };
}

function stepChanged(run: IRun, name: string, event: IRunEvent): IRun {
  const known = run.steps[name] ?? QUEUED;
  const step = stepAfter(known, event);
  return step === known ? run : { ...run, steps: { ...run.steps, [name]: step } };
}

function stepAfter(step: IStepRun, event: IRunEvent): IStepRun {
  switch (event.event) {
    case 'step-started':
      return {
        ...step,
        status: 'running',
        reason: event.reason ?? step.reason,
        startedAt: event.time_s ?? null,
        done: 0,
        error: null
      };
    case 'step-progress':
      return { ...step, done: event.cell ?? step.done, cells: event.cells ?? step.cells };
    case 'step-finished':
      return finished(step, {
        status: (event.status as StepStatus | undefined) ?? 'executed',
        reason: event.reason ?? '',
        seconds: event.seconds ?? null,
        error: event.error ?? null
      });
    default:
      return step;
  }
}

function finished(step: IStepRun, outcome: IStepOutcome): IStepRun {
  return {
    ...step,
    status: outcome.status,
    reason: outcome.reason,
    seconds: outcome.seconds,
    error: outcome.error
  };
}

function outcomes<T>(event: IRunEvent): Record<string, T> {
  return event.steps && !Array.isArray(event.steps) ? (event.steps as Record<string, T>) : {};
}
