import type { EditorState, Range, Text } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  hoverTooltip,
  type Tooltip,
  ViewPlugin,
  type ViewUpdate
} from '@codemirror/view';
import type { IDiagnostic, IFix, Severity } from '../client/documents';
import { units } from '../model/text-edits';

/** Where the problems of an editor come from. */
export interface IProblemSource {
  /** The diagnostics of the cell; null while they are of another text than the cell's. */
  problems(): readonly IDiagnostic[] | null;
  /** Make a change that a diagnostic offers. */
  fix(fix: IFix): void;
  connect(refresh: () => void): () => void;
}

/** Underlines problems, and tells about them on hover. While one types the marks go with the text. */
export function squiggles(source: IProblemSource) {
  const plugin = ViewPlugin.fromClass(
    class {
      decorations: DecorationSet = Decoration.none;

      constructor(private readonly _view: EditorView) {
        this._redraw();
        this._disconnect = source.connect(() => this._refresh());
      }

      update(update: ViewUpdate): void {
        if (update.docChanged) {
          this.decorations = this.decorations.map(update.changes);
          this._shown = ''; // marks may be gone with the text: the next analysis draws them in any case
        }
        if (this._isStale) {
          this._redraw();
        }
      }

      destroy(): void {
        this._disconnect();
      }

      private _refresh(): void {
        const problems = source.problems();
        if (problems && JSON.stringify(problems) !== this._shown) {
          this._isStale = true;
          this._view.dispatch({});
        }
      }

      private _redraw(): void {
        const problems = source.problems() ?? [];
        this._shown = JSON.stringify(problems);
        this._isStale = false;
        this.decorations = Decoration.set(
          problems.flatMap(one => mark(this._view.state.doc, one)),
          true
        );
      }

      private _isStale = false;
      private _shown = '[]';
      private readonly _disconnect: () => void;
    },
    { decorations: made => made.decorations }
  );
  const hover = hoverTooltip((view, at) => {
    const found = problemsAt(view.plugin(plugin)?.decorations, at);
    return found.length ? tooltip(view.state, at, found, source) : null;
  });
  return [plugin, hover];
}

/** The mark of one problem; none where it names no line, or one that is not there any more. */
function mark(doc: Text, problem: IDiagnostic): Range<Decoration>[] {
  if (problem.line === null || problem.line > doc.lines) {
    return [];
  }
  const line = doc.line(problem.line);
  const indent = line.text.length - line.text.trimStart().length;
  const start = problem.column === null ? indent : units(line.text, problem.column);
  const end = problem.end_column
    ? units(line.text, problem.end_column)
    : line.text.trimEnd().length;
  const from = line.from + Math.min(start, Math.max(0, line.text.length - 1));
  const to = Math.min(Math.max(line.from + end, from + 1), line.to);
  const style = {
    class: 'jp-Stepmill-squiggle',
    attributes: { 'data-severity': problem.severity }
  };
  return from < to ? [Decoration.mark({ ...style, problem }).range(from, to)] : [];
}

function problemsAt(marks: DecorationSet | undefined, at: number): IDiagnostic[] {
  const found: IDiagnostic[] = [];
  marks?.between(at, at, (_from, _to, one) => {
    found.push(one.spec.problem as IDiagnostic);
  });
  return found;
}

function tooltip(
  state: EditorState,
  at: number,
  problems: readonly IDiagnostic[],
  source: IProblemSource
): Tooltip {
  return {
    pos: Math.min(at, state.doc.length),
    above: true,
    create: () => {
      const dom = element('div', 'jp-Stepmill-tooltip');
      dom.append(...problems.map(problem => described(problem, source)));
      return { dom };
    }
  };
}

function described(problem: IDiagnostic, source: IProblemSource): HTMLElement {
  const item = element('div', 'jp-Stepmill-tooltipItem');
  item.dataset.tone = TONES[problem.severity];
  item.append(element('p', 'jp-Stepmill-tooltipMessage', problem.message));
  for (const text of [problem.why, problem.hint]) {
    if (text) {
      item.append(element('p', 'jp-Stepmill-hint', text));
    }
  }
  item.append(element('p', 'jp-Stepmill-place', problem.code));
  for (const fix of problem.fixes ?? []) {
    const button = element('button', 'jp-Button jp-mod-styled', fix.title);
    button.addEventListener('click', () => source.fix(fix));
    item.append(button);
  }
  return item;
}

const TONES: Record<Severity, string> = { error: 'bad', warning: 'warn', info: 'quiet' };

function element(name: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
