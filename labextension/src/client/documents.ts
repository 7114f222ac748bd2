/** The documents of the server, as its contract has them; unknown keys are ignored. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface IPlace {
  /** Counts all cells of the notebook from 0. */
  cell: number;
  /** Counts the lines of the cell from 1. */
  line: number;
}

export interface IStep {
  name: string;
  /** What is written on it where that is not its name. */
  title?: string;
  cells: number[];
  inputs: Record<string, string>;
  outputs: string[];
  parameters: string[];
  after: string[];
  setup: string;
}

export type EdgeKind = 'data' | 'order' | 'file' | 'session' | 'random';

export interface IEdge {
  producer: string;
  consumer: string;
  name: string;
  kind: EdgeKind;
  doubtful: boolean;
  evidence: IPlace[];
}

export interface IParameter {
  type: string;
  default: Json;
  choices?: Json[];
  optional?: boolean;
}

export type Severity = 'error' | 'warning' | 'info';

export interface IDiagnostic {
  code: string;
  severity: Severity;
  message: string;
  cell: number | null;
  line: number | null;
  column: number | null;
  name: string | null;
  hint: string;
  end_column?: number | null;
  why?: string;
  label?: string;
  others?: (IPlace & { message: string })[];
  fixes?: IFix[];
}

/** A change that removes what a diagnostic is about. */
export interface IFix {
  title: string;
  automatic: boolean;
  edits: ITextEdit[];
}

/** Lines from 1, columns in code points from 0, the end not included. */
export interface ITextEdit extends IPlace {
  column: number;
  end_line: number;
  end_column: number;
  text: string;
}

export interface IGraph {
  steps: IStep[];
  edge_details: IEdge[];
  parameters: Record<string, IParameter>;
  diagnostics: IDiagnostic[];
}

export interface ICellRole {
  index: number;
  role: string;
  step: string | null;
}

export interface IAnalysis {
  graph: IGraph;
  cells: ICellRole[];
}

export interface IPostedCell {
  id: string;
  cell_type: string;
  source: string;
  metadata: Record<string, unknown>;
}

export interface IPostedNotebook {
  cells: IPostedCell[];
  metadata: Record<string, unknown>;
}

export interface IPlannedStep {
  status: 'cached' | 'stale' | 'blocked';
  reason: string;
  causes: string[];
  expected_seconds: number | null;
}

export interface IPlan {
  steps: (IPlannedStep & { name: string })[];
}

export type StepStatus =
  | 'queued'
  | 'running'
  | 'executed'
  | 'cached'
  | 'failed'
  | 'skipped'
  | 'cancelled';

export type RunStatus = 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface IStepError {
  message: string;
  hint?: string;
  cell?: number | null;
  line?: number | null;
  ename?: string;
  evalue?: string;
  traceback?: string;
}

export interface IStepOutcome {
  status: StepStatus;
  reason: string;
  seconds: number | null;
  error: IStepError | null;
}

export interface IRunSummary {
  run_id: string;
  status: RunStatus;
  started_s: number;
  seconds: number | null;
  parameters: Record<string, Json>;
  steps: Record<string, IStepOutcome>;
}

/** Which steps are run; all that have no valid result if nothing is said. */
export interface IRunScope {
  /** Only these, and what they need. */
  steps?: string[];
  /** These with all that come after them, even if they are cached. */
  from?: string[];
  /** These even if they are cached; true for all. */
  refresh?: true | string[];
  /** Replace files that were changed by hand. */
  overwrite?: boolean;
}

/** What a step printed, from byte `start` of its log to `end`. */
export interface ILog {
  text: string;
  start: number;
  end: number;
}

/** What is known of a value that a step gave. */
export interface IValue {
  type: string;
  /** "1,309 × 12", the length of a container, or "". */
  shape: string;
  size_bytes: number;
}

/** Step -> name -> value. */
export type Values = Readonly<Record<string, Readonly<Record<string, IValue>>>>;

/** What a cell of a run showed; outputs as nbformat 4 has them. */
export interface IRunOutputs {
  index: number;
  id: string;
  source: string;
  outputs: { [key: string]: Json }[];
  execution_count: number;
}

/** A line of the event log; which of the optional fields it has depends on `event`. */
export interface IRunEvent {
  event: string;
  run_id: string;
  number?: number;
  time_s?: number;
  step?: string;
  status?: string;
  reason?: string;
  message?: string;
  seconds?: number | null;
  cell?: number;
  cells?: number;
  error?: IStepError | null;
  parameters?: Record<string, Json>;
  started_s?: number;
  steps?: string[] | Record<string, IPlannedStep | IStepOutcome>;
}

export interface IErrorDocument {
  error?: { code?: string; message?: string; hint?: string };
  diagnostics?: IDiagnostic[];
  message?: string;
}
