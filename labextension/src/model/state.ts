import type {
  IAnalysis,
  IDiagnostic,
  IGraph,
  IPlannedStep,
  IRunSummary,
  Values
} from '../client/documents';
import type { RequestProblem } from '../client/problem';
import type { Drafts } from './parameters';
import type { IRun } from './run';

export interface INotebookInfo {
  path: string;
  name: string;
  isPython: boolean;
}

/** A graph with the ids of the cells that its indices count. */
export interface IShownGraph {
  graph: IGraph;
  cellIds: readonly string[];
  /** The heading above each cell. */
  headings: readonly string[];
}

/** The cells that were analysed: what may be put into them depends on whether they are still so. */
export interface ICellTexts {
  cellIds: readonly string[];
  sources: readonly string[];
}

/** All that the panel shows; replaced as a whole, never changed in place. */
export interface IPipelineState {
  notebook: INotebookInfo | null;
  /** The newest analysis; null until the first one is there. */
  analysis: (IAnalysis & ICellTexts) | null;
  /** The graph to draw: of the newest analysis, or of the last one that could read every cell. */
  shown: IShownGraph | null;
  /** The cell that cannot be read, while `shown` is older than the notebook. */
  unreadable: IDiagnostic | null;
  /** Steps whose code differs from the saved notebook, which plans and runs are about. */
  edited: ReadonlySet<string>;
  /** Why the server does not answer as it should; null while it does. */
  serverProblem: RequestProblem | null;
  /** The version of the server extension if it is not this panel's. */
  otherVersion: string;
  plan: Readonly<Record<string, IPlannedStep>> | null;
  planProblem: RequestProblem | null;
  runs: readonly IRunSummary[] | null;
  runsProblem: RequestProblem | null;
  /** The newest run of the notebook, going on or over. */
  run: IRun | null;
  /** What the steps of the last run gave, that of reused steps included; empty while it is not known. */
  values: Values;
  activity: 'idle' | 'starting' | 'stopping';
  /** Why the last run did not start, or could not be stopped. */
  refusal: RequestProblem | null;
  drafts: Drafts;
  /** The steps that the button which is pointed at would run; null while none is. */
  lit: ReadonlySet<string> | null;
  /** Whether something is being written or fetched beside a run. */
  isOnErrand: boolean;
  /** Why the last errand came to nothing. */
  errandProblem: RequestProblem | null;
}

export const EMPTY: IPipelineState = {
  notebook: null,
  analysis: null,
  shown: null,
  unreadable: null,
  edited: new Set(),
  serverProblem: null,
  otherVersion: '',
  plan: null,
  planProblem: null,
  runs: null,
  runsProblem: null,
  run: null,
  values: {},
  activity: 'idle',
  refusal: null,
  drafts: {},
  lit: null,
  isOnErrand: false,
  errandProblem: null
};
