import { findTag } from './step-tag';

/** What is known of the notebook where a `%%step` line is typed. */
export interface IStepNames {
  /** The steps of the notebook, in order. */
  steps: readonly string[];
  /** Names that the cell's step takes and gives. */
  inputs: readonly string[];
  outputs: readonly string[];
}

export interface ICompletions {
  /** Where the word that they replace begins, in the cell. */
  start: number;
  words: string[];
}

const FLAGS = [
  '--after',
  '--inputs',
  '--outputs',
  '--metrics',
  '--no-cache',
  '--cache-for',
  '--retries',
  '--timeout',
  '--cpus',
  '--gpus',
  '--memory'
];
const MAGICS = ['%%step', '%%parameters', '%%scratch'];
const REPEATABLE = ['--after', '--inputs', '--outputs', '--metrics'];
const EXAMPLES: Readonly<Record<string, string[]>> = {
  '--cache-for': ['1h', '1d', '7d'],
  '--timeout': ['30s', '10m', '2h'],
  '--retries': ['1', '2', '3'],
  '--cpus': ['1', '2', '4'],
  '--gpus': ['1'],
  '--memory': ['2G', '8G']
};

/** What could stand at `offset` of a cell's tag line; null elsewhere. */
export function completionsAt(
  source: string,
  offset: number,
  names: IStepNames
): ICompletions | null {
  const line = source.slice(0, offset).split('\n').length - 1;
  const lineStart = source.lastIndexOf('\n', offset - 1) + 1;
  const before = source.slice(lineStart, offset);
  if (/^%%?\w*$/.test(before) && !source.slice(0, lineStart).trim()) {
    return completions(before, offset, MAGICS);
  }
  const tag = findTag(source);
  if (tag?.kind !== 'step' || tag.line !== line || !/^\s*%%step\s/.test(before)) {
    return null;
  }
  const words = before.trim().split(/\s+/);
  const word = /\s$/.test(before) ? '' : (words.pop() ?? '');
  const isDashed = word.startsWith('--');
  const flag = words.at(-1) ?? '';
  const part = word.slice(word.lastIndexOf(',') + 1); // lists are written a,b
  const own = tag.name && !word ? tag.name : words.length > 1 ? tag.name : '';
  switch (flag) {
    case '%%step':
      return completions(word, offset, names.steps);
    case '--after':
      return completions(
        part,
        offset,
        names.steps.filter(step => step !== own)
      );
    case '--inputs':
      return completions(part, offset, names.inputs);
    case '--outputs':
    case '--metrics':
      return completions(part, offset, names.outputs);
    default:
      return EXAMPLES[flag]
        ? completions(word, offset, EXAMPLES[flag])
        : afterDashes(completions(word, offset, unused(words)), isDashed);
  }
}

/** JupyterLab shows the answers of all completers from where the last one begins: let it be ours. */
function afterDashes(found: ICompletions | null, isDashed: boolean): ICompletions | null {
  if (!found || !isDashed) {
    return found;
  }
  return { start: found.start + 2, words: found.words.map(word => word.slice(2)) };
}

/** The flags that can still be given: some exclude each other, most stand once. */
function unused(words: readonly string[]): string[] {
  const excluded = new Set(words.filter(word => !REPEATABLE.includes(word)));
  if (excluded.has('--no-cache')) {
    excluded.add('--cache-for');
  }
  if (excluded.has('--cache-for')) {
    excluded.add('--no-cache');
  }
  return FLAGS.filter(flag => !excluded.has(flag));
}

function completions(
  typed: string,
  offset: number,
  candidates: readonly string[]
): ICompletions | null {
  const words = candidates.filter(one => one.startsWith(typed) && one !== typed);
  return words.length ? { start: offset - typed.length, words } : null;
}
