import type { IRunSummary, IStepOutcome, Json } from './documents';

/** Documents about past runs; unknown keys are ignored. */

export interface IPastRun extends IRunSummary {
  metrics: Record<string, number | string>;
  mlflow_run_id: string | null;
  /** What it has otherwise than the run before it; null for a first run. */
  changed: string[] | null;
  mlflow_page: string | null;
}

export interface IHistory {
  total: number;
  runs: IPastRun[];
}

export interface IRow {
  name: string;
  step: string;
  values: (string | null)[];
  is_equal: boolean;
}

export interface IDiffRow {
  is_equal: boolean;
  /** Of each run against the first one. */
  diffs: string[][];
}

export interface ICodeRow extends IDiffRow {
  steps: string[];
  title: string;
  is_layout: boolean;
}

export interface ITextRow extends IDiffRow {
  step: string;
  cell: number;
}

export interface IOutputRow {
  step: string;
  name: string;
  digests: (string | null)[];
  is_equal: boolean;
  type_names: string[];
  details: IRow[];
  removed: string[];
  pictures: string[];
}

export interface IPictureRow {
  step: string;
  cell: number;
  digests: (string | null)[];
  is_equal: boolean;
}

export interface IComparedRun {
  letter: string;
  run_id: string;
  status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  started_s: number;
  seconds: number | null;
  parameters: Record<string, Json>;
  metrics: Record<string, number | string>;
}

export type Divergence = 'same' | 'diverged' | 'followed';

export interface IComparedStep {
  name: string;
  divergence: Divergence;
  causes: { kind: string; text: string }[];
  inputs: Record<string, string>;
  after: string[];
}

export interface IComparison {
  runs: IComparedRun[];
  sentence: string;
  diverged: string;
  remarks: string[];
  steps: IComparedStep[];
  parameters: IRow[];
  code: ICodeRow[];
  environment: IRow[];
  files: IRow[];
  metrics: IRow[];
  outputs: IOutputRow[];
  texts: ITextRow[];
  pictures: IPictureRow[];
  durations: IRow[];
  markdown: string;
}

/** What was noted down of a value when it was stored; which keys there are depends on its type. */
export interface IPreview {
  masked?: boolean;
  problem?: string;
  text?: string;
  head?: string[];
  dtype?: string;
  shape?: number[];
  sampled?: number;
  columns?: string[];
  index?: string[];
  rows?: string[][];
  statistics?: IColumn[];
  parameters?: Record<string, string>;
  fitted?: Record<string, string>;
}

export interface IColumn {
  name?: string;
  dtype?: string;
  missing?: number;
  min?: number | string;
  max?: number | string;
  mean?: number | null;
  distinct?: number;
  top?: [string, number][];
  histogram?: number[];
}

export interface IStoredValue {
  name: string;
  type: string;
  digest: string;
  size_bytes: number;
  shape: string;
  is_stored: boolean;
  preview?: IPreview;
  picture?: string;
}

export interface IPastStep {
  run_id: string;
  started_s: number;
  name: string;
  outcome: IStepOutcome & { cached_from: string | null };
  parameters: Record<string, Json>;
  cells: { cell: number; source: string }[];
  inputs: (IStoredValue & { producer: string })[];
  after: string[];
  outputs: IStoredValue[];
  texts: { cell: number; text: string }[];
  pictures: { cell: number; digest: string }[];
  files: { path: string; mode: string; digest: string }[];
  has_notebook: boolean;
  history: { run_id: string; started_s: number; status: string; seconds: number | null }[];
}
