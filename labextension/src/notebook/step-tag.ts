import type { IPostedCell } from '../client/documents';

/**
 * `%%step` lines in the text of a cell, by the rules of the kernel and the analyzer: the tag is the
 * first line that is neither blank nor a comment; `%%time` and the like may stand above it.
 */

const TAG = /^\s*%%(step|parameters|scratch)(?=\s|$)/;
const WRAPPER = /^\s*%%(time|timeit|prun|capture)(?=\s|$)/;
const LOADS = /^\s*%(load_ext|reload_ext)\s+stepmill(_magics)?\b/m;

export type TagKind = 'step' | 'parameters' | 'scratch';

export interface ITag {
  kind: TagKind;
  /** The line of the tag, from 0. */
  line: number;
  /** The step's name; "" if there is none yet. */
  name: string;
}

export function findTag(source: string): ITag | null {
  const lines = source.split('\n');
  let top = 0;
  for (;;) {
    const line = firstCodeLine(lines, top);
    const text = lines[line];
    if (text === undefined) {
      return null;
    }
    const kind = TAG.exec(text)?.[1];
    if (kind) {
      return { kind: kind as TagKind, line, name: kind === 'step' ? nameIn(text) : '' };
    }
    if (!WRAPPER.test(text) || lines.slice(top, line).some(above => above.trim())) {
      return null; // IPython knows a cell magic only as the first line, comments included
    }
    top = line + 1;
  }
}

/** Whether a cell says that it belongs to a step: by its magic, its tags or its metadata. */
export function isStepCell(cell: IPostedCell): boolean {
  return (
    cell.cell_type === 'code' &&
    (findTag(cell.source)?.kind === 'step' || metadataStep(cell.metadata) !== '')
  );
}

/** The name of the step that a cell's metadata or tags give; "" if they give none. */
export function metadataStep(metadata: Record<string, unknown>): string {
  const tags = Array.isArray(metadata.tags) ? metadata.tags.map(String) : [];
  const tagged = tags
    .find(tag => tag.startsWith('step:'))
    ?.slice('step:'.length)
    .trim();
  const entry = metadata.stepmill as { step?: unknown } | null | undefined;
  return tagged || (typeof entry?.step === 'string' ? entry.step : '');
}

/** The metadata with a step's name in it; "" takes it out, and cell tags that give one. */
export function withMetadataStep(
  metadata: Record<string, unknown>,
  name: string
): Record<string, unknown> {
  const { stepmill, tags, ...others } = metadata;
  const { step: _, ...entry } = (stepmill ?? {}) as Record<string, unknown>;
  const kept = Array.isArray(tags) ? tags.filter(tag => !String(tag).startsWith('step:')) : [];
  const ours = name ? { ...entry, step: name } : entry;
  return {
    ...others,
    ...(kept.length ? { tags: kept } : {}),
    ...(Object.keys(ours).length ? { stepmill: ours } : {})
  };
}

/** The source with `%%step name` as its tag; options of a tag that stands there are kept. */
export function withStepTag(source: string, name: string): string {
  const lines = source.split('\n');
  const tag = findTag(source);
  if (!tag) {
    lines.splice(tagLine(lines), 0, `%%step ${quoted(name)}`);
  } else {
    const text = lines[tag.line] ?? '';
    const rest =
      tag.kind === 'step' ? text.replace(/^\s*%%step\s*("[^"]*"|'[^']*'|(?!--)\S+)?/, '') : '';
    lines[tag.line] = `%%step ${quoted(name)} ${rest.trim()}`.trim();
  }
  return lines.join('\n');
}

/** The source without its `%%step` line; as it is if it has none. */
export function withoutStepTag(source: string): string {
  const tag = findTag(source);
  if (tag?.kind !== 'step') {
    return source;
  }
  const lines = source.split('\n');
  lines.splice(tag.line, 1);
  return lines.join('\n');
}

/** Whether a name is a good one for a step. */
export function isGoodName(name: string): boolean {
  return (
    /^[\p{L}_][\p{L}\p{M}\p{N}_.-]*$/u.test(name) &&
    !name.endsWith('.') &&
    name !== 'setup' &&
    name.length <= 100
  );
}

/** A name that suits a cell: from the heading above it, else from the name it assigns first. */
export function suggestedName(source: string, heading: string, taken: readonly string[]): string {
  const assigned = /^([A-Za-z_]\w*)\s*(?::[^=\n]+)?=(?!=)/m.exec(source)?.[1];
  const wanted = slug(heading) || assigned || 'step';
  let name = wanted;
  for (let number = 2; taken.includes(name); number++) {
    name = `${wanted}_${number}`;
  }
  return name;
}

/** Whether some cell loads the extension that knows `%%step`. */
export function loadsExtension(sources: readonly string[]): boolean {
  return sources.some(source => LOADS.test(source));
}

function firstCodeLine(lines: readonly string[], start: number): number {
  let line = start;
  while (line < lines.length && /^\s*(#|$)/.test(lines[line] ?? '')) {
    line++;
  }
  return line;
}

/** Where a new tag goes: on top, but below `%%time` and the like, which must stay first. */
function tagLine(lines: readonly string[]): number {
  const first = firstCodeLine(lines, 0);
  const isWrapped =
    WRAPPER.test(lines[first] ?? '') && lines.slice(0, first).every(text => !text.trim());
  return isWrapped ? first + 1 : 0;
}

function nameIn(line: string): string {
  const word = /^\s*%%step\s+("[^"]*"|'[^']*'|(?!--)\S+)/.exec(line)?.[1] ?? '';
  return word.startsWith('#') ? '' : word.replace(/^(["'])(.*)\1$/, '$2');
}

function quoted(name: string): string {
  return /\s/.test(name) ? `"${name}"` : name;
}

function slug(heading: string): string {
  const words = heading.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = words
    .filter(word => !/^\d+$/.test(word))
    .slice(0, 3)
    .join('_');
  return /^\p{L}/u.test(name) ? name : '';
}
