import type { IAnalysis, IPlannedStep, IPostedCell, IStep } from '../client/documents';
import type { IGroup } from './folding';
import { type IStepRun, isOver } from './run';
import type { IPipelineState } from './state';

/** Where a step stands, in one word: in the run that is going on, else against the stored results. */
export type StepWord =
  | 'unknown'
  | 'new'
  | 'stale'
  | 'fresh'
  | 'blocked'
  | 'edited'
  | 'wrong'
  | 'queued'
  | 'running'
  | 'executed'
  | 'cached'
  | 'failed'
  | 'skipped'
  | 'cancelled';

export interface IStepState {
  name: string;
  step: IStep;
  word: StepWord;
  /** Why it stands there, as a sentence; "" if there is nothing to say. */
  reason: string;
  /** Seconds of its last execution, or what one is expected to take. */
  seconds: number | null;
  run: IStepRun | null;
  /** Whether the button that is pointed at would run it; null while none is. */
  isLit: boolean | null;
  /** Where this is no step, but several that are drawn as one. */
  group?: IGroup;
}

/** The steps in the notebook's order, each with its state. Worked out once for a state. */
export function stepStates(state: IPipelineState): readonly IStepState[] {
  const known = KNOWN.get(state);
  if (known) {
    return known;
  }
  const steps = workedOut(state);
  KNOWN.set(state, steps);
  return steps;
}

const KNOWN = new WeakMap<IPipelineState, readonly IStepState[]>();

function workedOut(state: IPipelineState): IStepState[] {
  return (state.shown?.graph.steps ?? []).map(step => {
    const run = state.run?.steps[step.name] ?? null;
    const plan = state.plan?.[step.name];
    const word = wordOf(state, step.name);
    return {
      name: step.name,
      step,
      word,
      reason: reasonOf(word, run, plan, state),
      seconds: run && run.status !== 'cached' ? run.seconds : (plan?.expected_seconds ?? null),
      run,
      isLit: state.lit?.has(step.name) ?? null
    };
  });
}

/** What was found out about the saved notebook says nothing of a step that was edited since. */
function reasonOf(
  word: StepWord,
  run: IStepRun | null,
  plan: IPlannedStep | undefined,
  { run: whole }: IPipelineState
): string {
  if (word === 'edited') {
    return '';
  }
  return run && !isOver(whole) ? run.reason : (plan?.reason ?? run?.reason ?? '');
}

function wordOf(state: IPipelineState, name: string): StepWord {
  const run = state.run?.steps[name];
  if (run && !isOver(state.run)) {
    return run.status;
  }
  if (hasError(state, name)) {
    return 'wrong';
  }
  if (state.edited.has(name)) {
    return 'edited';
  }
  const plan = state.plan?.[name];
  if (run?.status === 'failed' && plan?.status !== 'cached') {
    return 'failed';
  }
  switch (plan?.status) {
    case 'cached':
      return 'fresh';
    case 'blocked':
      return 'blocked';
    case 'stale':
      return plan.causes.includes('first-run') ? 'new' : 'stale';
    default:
      return run?.status ?? 'unknown';
  }
}

/** Whether an error of the analysis is in a cell of the step. */
function hasError({ analysis, shown }: IPipelineState, name: string): boolean {
  const cells = shown?.graph.steps.find(step => step.name === name)?.cells ?? [];
  const errors = analysis?.graph.diagnostics.filter(one => one.severity === 'error') ?? [];
  return errors.some(one => {
    const id = analysis?.cellIds[one.cell ?? -1];
    return id !== undefined && cells.some(cell => shown?.cellIds[cell] === id);
  });
}

/** What the summary sentence counts. */
export interface ICounts {
  steps: number;
  errors: number;
  warnings: number;
  outOfDate: number;
  failed: string;
  done: number;
}

export function countsOf(state: IPipelineState): ICounts {
  const steps = stepStates(state);
  const diagnostics = state.analysis?.graph.diagnostics ?? [];
  return {
    steps: steps.length,
    errors: diagnostics.filter(one => one.severity === 'error' && !isNoSteps(one.code)).length,
    warnings: diagnostics.filter(one => one.severity === 'warning').length,
    outOfDate: steps.filter(step => step.word === 'stale' || step.word === 'edited').length,
    failed: steps.find(step => step.word === 'failed')?.name ?? '',
    done: steps.filter(step => step.run && !['queued', 'running'].includes(step.run.status)).length
  };
}

/** "No cell is tagged" is the empty state of the panel, not a problem to solve. */
export function isNoSteps(code: string): boolean {
  return code === 'SM309';
}

/** What of a cell its step depends on: the source, below the tags and metadata that can name the step. */
export function textOf({ source, metadata }: IPostedCell): string {
  return `${JSON.stringify([metadata.tags, metadata.stepmill])}\n${source}`;
}

/**
 * The steps whose code is not what was saved: their own cells, or the parameters and the replayed
 * code that they use. None if it is not known what was saved.
 */
export function editedSteps(
  { graph, cells: roles }: IAnalysis,
  cells: readonly IPostedCell[],
  saved: ReadonlyMap<string, string> | undefined
): ReadonlySet<string> {
  if (!saved) {
    return new Set();
  }
  const isChanged = cells.map(cell => saved.get(cell.id) !== textOf(cell));
  const changed = cells.filter((_, index) => isChanged[index]);
  const roleOf = new Map(cells.map((cell, index) => [cell.id, roles[index]?.role]));
  const inRole = (role: string) => changed.filter(cell => roleOf.get(cell.id) === role);
  const linesBefore = (id: string) => linesOf(saved.get(id) ?? '');
  const lines = new Set(
    inRole('setup').flatMap(({ id, source }) =>
      linesOf(source).filter(line => !linesBefore(id).includes(line))
    )
  );
  const hasParameters = inRole('parameters').length > 0;
  const names = graph.steps
    .filter(
      step =>
        step.cells.some(index => isChanged[index]) ||
        (hasParameters && step.parameters.length > 0) ||
        linesOf(step.setup).some(line => lines.has(line))
    )
    .map(step => step.name);
  return new Set(names);
}

function linesOf(source: string): string[] {
  return source
    .split('\n')
    .map(line => line.trim())
    .filter(line => line);
}
