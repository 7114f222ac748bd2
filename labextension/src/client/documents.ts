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
