import type { TranslationBundle } from '@jupyterlab/translation';
import { titleOf } from '../../model/folding';
import { fraction, type IStepRun } from '../../model/run';
import type { IStepState, StepWord } from '../../model/steps';
import { useNow } from '../clock';
import { usePanel } from '../context';
import { Mark } from '../mark';
import { shortList } from '../short-list';
import { durationText, type IMark, stepMark } from '../words';
import type { Choice } from './card';

export interface IStepProps {
  state: IStepState;
  onChoose(choice: Choice): void;
}

/** A step in the graph. Click or Enter shows its cell. */
export function StepBox({ state, onChoose }: IStepProps): JSX.Element {
  const { model, trans } = usePanel();
  const mark = stepMark(state.word, trans);
  return (
    <button
      type="button"
      className="jp-Stepmill-step nodrag nopan"
      data-step={state.name}
      data-state={state.word}
      data-tone={mark.tone}
      data-lit={state.isLit ?? undefined}
      title={describe(state, mark, trans)}
      aria-label={describe(state, mark, trans)}
      data-group={state.group !== undefined}
      onClick={() => {
        onChoose({ step: state.name });
        if (!state.group) {
          void model.go.toStep(state.name);
        }
      }}
    >
      <span className="jp-Stepmill-stepName">
        {state.group ? titleOf(state.group) : state.name}
      </span>
      <StepStateLine state={state} mark={mark} />
      <StepProgress run={state.run} isRunning={state.word === 'running'} />
    </button>
  );
}

/** A step in the list: as in the graph, and what goes in and out. */
export function StepRow({ state, onChoose }: IStepProps): JSX.Element {
  const { model, trans } = usePanel();
  const mark = stepMark(state.word, trans);
  return (
    <button
      type="button"
      className="jp-Stepmill-row"
      data-step={state.name}
      data-state={state.word}
      data-tone={mark.tone}
      data-lit={state.isLit ?? undefined}
      title={state.reason}
      aria-label={describe(state, mark, trans)}
      onClick={() => {
        onChoose({ step: state.name });
        void model.go.toStep(state.name);
      }}
    >
      <span className="jp-Stepmill-rowHead">
        <span className="jp-Stepmill-stepName">{state.name}</span>
        <StepStateLine state={state} mark={mark} />
      </span>
      <span className="jp-Stepmill-rowFlow">{flowText(state, trans)}</span>
      <StepProgress run={state.run} isRunning={state.word === 'running'} />
    </button>
  );
}

/** States of which a duration would say nothing. */
const SILENT: readonly StepWord[] = ['queued', 'cached', 'skipped'];

function StepStateLine({ state, mark }: { state: IStepState; mark: IMark }): JSX.Element {
  const { trans } = usePanel();
  const isRunning = state.word === 'running';
  const now = useNow(isRunning);
  const seconds =
    isRunning && state.run?.startedAt ? Math.max(0, now - state.run.startedAt) : state.seconds;
  const expected = isRunning ? (state.run?.expectedSeconds ?? null) : null;
  return (
    <span className="jp-Stepmill-stepState">
      <Mark mark={mark} withWord />
      {seconds !== null && !SILENT.includes(state.word) && (
        <span className="jp-Stepmill-seconds">{timeText(seconds, expected, trans)}</span>
      )}
    </span>
  );
}

/** "3 s", or "3 / 12 s" while it takes no longer than it did. */
function timeText(seconds: number, expected: number | null, trans: TranslationBundle): string {
  const text = durationText(seconds, trans);
  if (!expected || seconds >= expected) {
    return text;
  }
  const [number = '', ...units] = text.split(' ');
  const isPlain = expected < 60 && units.length === 1; // one unit will do for both
  return trans.__('%1 / %2', isPlain ? number : text, durationText(expected, trans));
}

function StepProgress({
  run,
  isRunning
}: {
  run: IStepRun | null;
  isRunning: boolean;
}): JSX.Element | null {
  if (!run || !isRunning) {
    return null;
  }
  return (
    <span className="jp-Stepmill-progress" aria-hidden="true">
      <span style={{ width: `${fraction(run) * 100}%` }} />
    </span>
  );
}

function flowText({ step }: IStepState, trans: TranslationBundle): string {
  const inputs = shortList(Object.keys(step.inputs), 28);
  const outputs = shortList(step.outputs, 28);
  if (!inputs && !outputs) {
    return trans.__('takes and gives nothing');
  }
  return inputs ? `${inputs} → ${outputs || '–'}` : `→ ${outputs}`;
}

function reasonText(state: IStepState, mark: IMark, trans: TranslationBundle): string {
  if (!state.reason || state.reason === mark.word) {
    return '';
  }
  const isPast = state.word === 'running' || state.word === 'executed';
  return isPast ? trans.__('because %1', state.reason) : state.reason;
}

/** The step in one sentence, for screen readers and the tooltip. */
function describe(state: IStepState, mark: IMark, trans: TranslationBundle): string {
  const { step, group } = state;
  if (group) {
    const count = group.members.length;
    const steps = trans._n('%1 step, folded', '%1 steps, folded', count);
    return [group.title, steps, mark.word].filter(part => part).join(', ');
  }
  const inputs = Object.keys(step.inputs).join(', ');
  const outputs = step.outputs.join(', ');
  const seconds = state.seconds === null ? '' : durationText(state.seconds, trans);
  return [
    trans.__('Step %1', state.name),
    mark.word,
    reasonText(state, mark, trans),
    seconds,
    inputs ? trans.__('takes %1', inputs) : '',
    outputs ? trans.__('gives %1', outputs) : ''
  ]
    .filter(part => part)
    .join(', ');
}
