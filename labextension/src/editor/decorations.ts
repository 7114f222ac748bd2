import type { EditorState } from '@codemirror/state';
import { StateEffect } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate
} from '@codemirror/view';
import { findTag } from '../notebook/step-tag';

/** What the badge of a cell says; null for a cell without one. */
export interface IBadge {
  text: string;
  tone: string;
  /** Whether the step's name stands in the metadata, so that the badge goes on the first line. */
  isOnFirstLine: boolean;
}

/** Where the badges of an editor come from, and who tells when they change. */
export interface IBadgeSource {
  badge(): IBadge | null;
  connect(refresh: () => void): () => void;
}

/** Marks a line, counted from 0, for a moment; -1 takes the mark away. */
export const markLine = StateEffect.define<number>();
const MARKED_MS = 2500;

/**
 * The badge is the `::after` of its line, out of the flow: it changes no height, moves no text, and
 * unlike a widget at the line's end it does not pull the caret to itself.
 */
export function cellDecorations(source: IBadgeSource) {
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(private readonly _view: EditorView) {
        this.decorations = decorate(_view.state, source.badge(), this._marked);
        this._shown = source.badge();
        this._disconnect = source.connect(() => this._refresh());
      }

      update(update: ViewUpdate): void {
        for (const effect of update.transactions.flatMap(one => one.effects)) {
          if (effect.is(markLine)) {
            this._marked = effect.value;
            this._unmarkLater();
          }
        }
        this.decorations = decorate(update.state, source.badge(), this._marked);
      }

      destroy(): void {
        clearTimeout(this._timer);
        this._disconnect();
      }

      private _refresh(): void {
        const badge = source.badge();
        if (JSON.stringify(badge) !== JSON.stringify(this._shown)) {
          this._shown = badge;
          this._view.dispatch({});
        }
      }

      private _unmarkLater(): void {
        clearTimeout(this._timer);
        if (this._marked >= 0) {
          this._timer = setTimeout(
            () => this._view.dispatch({ effects: markLine.of(-1) }),
            MARKED_MS
          );
        }
      }

      private _shown: IBadge | null;
      private _marked = -1;
      private _timer: ReturnType<typeof setTimeout> | undefined;
      private readonly _disconnect: () => void;
    },
    { decorations: plugin => plugin.decorations }
  );
}

function decorate(state: EditorState, badge: IBadge | null, marked: number): DecorationSet {
  const decorations = [];
  const tag = findTag(state.doc.toString());
  const at = tag?.kind === 'step' ? tag.line : badge?.isOnFirstLine ? 0 : -1;
  if (at >= 0) {
    const attributes = badge ? { 'data-stepmill': badge.text, 'data-tone': badge.tone } : undefined;
    decorations.push(
      Decoration.line({ class: 'jp-Stepmill-tagLine', attributes }).range(
        state.doc.line(at + 1).from
      )
    );
  }
  if (marked >= 0 && marked < state.doc.lines) {
    const line = state.doc.line(marked + 1);
    decorations.push(Decoration.line({ class: 'jp-Stepmill-markedLine' }).range(line.from));
  }
  return Decoration.set(decorations, true);
}
