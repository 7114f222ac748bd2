import type { IPostedCell, IPostedNotebook, IRunOutputs, ITextEdit } from '../client/documents';

/** A signal as the model needs it; Lumino's fit. */
export interface INotice {
  connect(slot: () => void): unknown;
  disconnect(slot: () => void): unknown;
}

/** A notebook in the main area, as far as the model looks at it. */
export interface INotebookView {
  readonly path: string;
  readonly isPython: boolean;
  readonly isDirty: boolean;
  readonly cells: readonly IPostedCell[];
  /** The notebook as it stands in the editor, saved or not. */
  snapshot(): IPostedNotebook;
  /** Source, order or metadata of cells changed. Fires at each keystroke. */
  readonly changed: INotice;
  /** The file is now what the editor shows. */
  readonly saved: INotice;
  save(): Promise<void>;
  /** Scroll to a cell, put the cursor on its line (from 1) and mark that line for a moment. */
  reveal(cellId: string, line?: number | null): Promise<void>;
  /** Change the text of cells, as the user could; `cellIds` are those that the edits count. */
  edit(edits: readonly ITextEdit[], cellIds: readonly string[]): void;
  /** Show these outputs instead of those of the cells. Nothing is executed. */
  setOutputs(outputs: readonly ICellOutputs[]): void;
}

/** The outputs of one cell of a notebook. */
export type ICellOutputs = Pick<IRunOutputs, 'id' | 'outputs' | 'execution_count'>;
