import type { ITextEdit } from '../client/documents';

/** The text after edits, of which no two overlap. Places beyond the end are its end. */
export function edited(source: string, edits: readonly ITextEdit[]): string {
  const starts = lineStarts(source);
  const offset = (line: number, column: number): number => {
    const start = starts[line - 1] ?? source.length;
    const end = starts[line] === undefined ? source.length : starts[line] - 1;
    return Math.min(start + units(source.slice(start, end), column), end);
  };
  return edits
    .map(edit => ({
      from: offset(edit.line, edit.column),
      to: offset(edit.end_line, edit.end_column),
      text: edit.text
    }))
    .sort((one, other) => other.from - one.from)
    .reduce((text, { from, to, text: put }) => text.slice(0, from) + put + text.slice(to), source);
}

/** How many UTF-16 units the first code points of a line are: Python counts these, editors those. */
export function units(line: string, codePoints: number): number {
  let length = 0;
  for (const character of line) {
    if (codePoints-- <= 0) {
      break;
    }
    length += character.length;
  }
  return length;
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}
