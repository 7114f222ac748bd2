import type { CellChange } from '@jupyter/ydoc';
import type { ICodeCellModel } from '@jupyterlab/cells';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import type { IPostedCell, IPostedNotebook, ITextEdit } from '../client/documents';
import { RequestProblem } from '../client/problem';
import { markLine } from '../editor/decorations';
import { edited } from '../model/text-edits';
import type { ICellOutputs, INotebookView } from './view';

type Outputs = Parameters<ICodeCellModel['outputs']['fromJSON']>[0];

/** JupyterLab's notebook panel as the model sees it. Wants the panel's context to be ready. */
export class LabNotebookView implements INotebookView {
  constructor(
    private readonly _panel: NotebookPanel,
    readonly path: string
  ) {
    this._model?.sharedModel.changed.connect(this._onChange, this);
    this._watchCells();
    this._panel.context.saveState.connect(this._onSaveState, this);
  }

  dispose(): void {
    Signal.clearData(this);
  }

  get isPython(): boolean {
    const { kernelspec, language_info } = this._metadata as {
      kernelspec?: { language?: string; name?: string };
      language_info?: { name?: string };
    };
    const language = language_info?.name || kernelspec?.language;
    return !language || /python/i.test(language); // a new notebook says nothing yet
  }

  get isDirty(): boolean {
    return this._panel.context.model.dirty;
  }

  get cells(): readonly IPostedCell[] {
    return (this._model?.sharedModel.cells ?? []).map(cell => ({
      id: cell.getId(),
      cell_type: cell.cell_type,
      source: cell.getSource(),
      metadata: { ...cell.getMetadata() }
    }));
  }

  snapshot(): IPostedNotebook {
    return { cells: [...this.cells], metadata: this._metadata };
  }

  readonly changed = new Signal<this, void>(this);
  readonly saved = new Signal<this, void>(this);

  async save(): Promise<void> {
    if (this.isDirty) {
      await this._panel.context.save();
      if (this.isDirty) {
        throw new RequestProblem('unsaved', '');
      }
    }
  }

  async reveal(cellId: string, line?: number | null): Promise<void> {
    const notebook = this._panel.content;
    const index = notebook.widgets.findIndex(cell => cell.model.id === cellId);
    const cell = notebook.widgets[index];
    if (!cell) {
      return;
    }
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, 'smart');
    await cell.ready;
    if (line && cell.editor) {
      const at = { line: Math.min(line, cell.editor.lineCount) - 1, column: 0 };
      notebook.mode = 'edit';
      cell.editor.focus();
      cell.editor.setCursorPosition(at);
      cell.editor.revealPosition(at);
      if (cell.editor instanceof CodeMirrorEditor) {
        cell.editor.editor.dispatch({ effects: markLine.of(at.line) });
      }
    } else {
      cell.node.focus();
    }
  }

  edit(edits: readonly ITextEdit[], cellIds: readonly string[]): void {
    for (const index of new Set(edits.map(edit => edit.cell))) {
      const cell = this._model?.sharedModel.cells.find(one => one.getId() === cellIds[index]);
      const mine = edits.filter(edit => edit.cell === index);
      cell?.setSource(edited(cell.getSource(), mine));
    }
  }

  setOutputs(outputs: readonly ICellOutputs[]): void {
    const byId = new Map(outputs.map(one => [one.id, one]));
    for (const cell of this._model?.cells ?? []) {
      const given = byId.get(cell.id);
      if (given && cell.type === 'code') {
        const code = cell as ICodeCellModel;
        code.outputs.fromJSON(given.outputs as unknown as Outputs);
        code.executionCount = given.execution_count;
      }
    }
  }

  private get _model(): INotebookModel | null {
    return this._panel.content.model;
  }

  private get _metadata(): Record<string, unknown> {
    return { ...(this._model?.sharedModel.getMetadata() ?? {}) };
  }

  private _onChange(): void {
    this._watchCells();
    this.changed.emit();
  }

  /** The notebook tells of cells that come and go, the cells of what is in them. */
  private _watchCells(): void {
    for (const cell of this._model?.sharedModel.cells ?? []) {
      cell.changed.connect(this._onCellChange, this); // a second time changes nothing
    }
  }

  private _onCellChange(_: unknown, change: CellChange): void {
    if (change.sourceChange || change.metadataChange) {
      this.changed.emit();
    }
  }

  private _onSaveState(_: unknown, state: DocumentRegistry.SaveState): void {
    if (state === 'completed') {
      this.saved.emit();
    }
  }
}
