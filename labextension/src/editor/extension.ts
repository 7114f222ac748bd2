import { EditorExtensionRegistry, type IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDiagnostic, IFix } from '../client/documents';
import type { PipelineModel } from '../model/model';
import { problemsOf } from '../model/problems';
import { stepStates } from '../model/steps';
import { findTag } from '../notebook/step-tag';
import { shortList } from '../panels/short-list';
import { stepMark } from '../panels/words';
import { cellDecorations, type IBadge } from './decorations';
import { squiggles } from './squiggles';

const NAMES_CHARACTERS = 24;

/** The badges of step cells, and the mark on a line that was jumped to. */
export class CellEditors {
  constructor(
    private readonly _model: PipelineModel,
    private readonly _trans: TranslationBundle
  ) {
    _model.stateChanged.connect(() => this._refresh());
  }

  /** Whether badges are drawn. */
  set areBadgesOn(on: boolean) {
    this._areBadgesOn = on;
    this._refresh();
  }

  /** Whether problems are underlined. */
  set areSquigglesOn(on: boolean) {
    this._areSquigglesOn = on;
    this._refresh();
  }

  /** Add to each cell editor that is made from now on. Editors of other documents are left alone. */
  register(registry: IEditorExtensionRegistry): void {
    registry.addExtension({
      name: 'stepmill:cell',
      factory: ({ model }) => {
        // inside a notebook the editor's model is the cell's, so it has the cell's id
        const { id, type } = model as { id?: string; type?: string };
        if (!id || type !== 'code') {
          return null;
        }
        const source = {
          badge: () => (this._areBadgesOn ? this._badge(id, model.sharedModel.getSource()) : null),
          connect: (refresh: () => void) => this._connect(refresh)
        };
        const problems = {
          problems: () =>
            this._areSquigglesOn ? this._problems(id, model.sharedModel.getSource()) : [],
          fix: (fix: IFix) => this._model.errands.fix(fix),
          connect: source.connect
        };
        return EditorExtensionRegistry.createImmutableExtension([
          cellDecorations(source),
          squiggles(problems)
        ]);
      }
    });
  }

  private _refresh(): void {
    for (const refresh of this._refreshers) {
      refresh();
    }
  }

  private _connect(refresh: () => void): () => void {
    // an editor must not be changed while it is being changed
    const later = () => queueMicrotask(refresh);
    this._refreshers.add(later);
    return () => {
      this._refreshers.delete(later);
    };
  }

  /** The diagnostics of a cell; null while the analysis is of an older text. */
  private _problems(cellId: string, text: string): readonly IDiagnostic[] | null {
    const { analysis } = this._model.state;
    if (!analysis) {
      return [];
    }
    const index = analysis.cellIds.indexOf(cellId);
    return index >= 0 && analysis.sources[index] === text
      ? problemsOf(analysis.graph.diagnostics).filter(one => one.cell === index)
      : null;
  }

  private _badge(cellId: string, text: string): IBadge | null {
    const { analysis } = this._model.state;
    const index = analysis?.cellIds.indexOf(cellId) ?? -1;
    const cell = analysis?.cells[index];
    const state = stepStates(this._model.state).find(one => one.name === cell?.step);
    if (cell?.role !== 'step' || !state) {
      return null;
    }
    const inputs = shortList(Object.keys(state.step.inputs), NAMES_CHARACTERS);
    const outputs = shortList(state.step.outputs, NAMES_CHARACTERS);
    const mark = stepMark(state.word, this._trans);
    const isOnFirstLine = findTag(text)?.kind !== 'step';
    const parts = [
      isOnFirstLine ? this._trans.__('step %1', state.name) : '',
      inputs || outputs ? `${inputs} → ${outputs || '–'}`.trim() : '',
      mark.word
    ];
    return { text: parts.filter(part => part).join(' · '), tone: mark.tone, isOnFirstLine };
  }

  private _areBadgesOn = true;
  private _areSquigglesOn = true;
  private readonly _refreshers = new Set<() => void>();
}
