/** A frame of a traceback that lies in the notebook; `line` counts from 1 within the cell. */
export interface IFrame {
  cell: number;
  line: number;
  /** The function, with its arguments; "" at the top level of a cell. */
  where: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with an escape character
const COLOURS = /\u001b\[[0-9;]*m/g;
const FRAME = /^Cell (\d+), line (\d+)(?:, in (.+))?$/gm;

/** The traceback without the terminal's colours. */
export function plainTraceback(traceback: string): string {
  return traceback.replace(COLOURS, '');
}

/** The frames in the notebook, outermost first. */
export function framesOf(traceback: string): IFrame[] {
  return [...plainTraceback(traceback).matchAll(FRAME)].map(match => ({
    cell: Number(match[1]),
    line: Number(match[2]),
    where: match[3] ?? ''
  }));
}
