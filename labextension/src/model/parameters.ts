import type { IParameter, Json } from '../client/documents';

/** What the user has typed into the form, by parameter; a parameter that was not touched has no entry. */
export type Drafts = Readonly<Record<string, string>>;

export type Field = 'checkbox' | 'number' | 'text' | 'select' | 'json' | 'secret';

export type ReadingProblem = 'no choice' | 'not whole' | 'too large' | 'no number' | 'no JSON';

/** A value as the form has it: good, or with what is wrong with it. */
export type Reading = { value: Json; problem: '' } | { value: undefined; problem: ReadingProblem };

const MASK = '********';
const NOTHING = 'None';

export function fieldOf(parameter: IParameter): Field {
  if (parameter.choices?.length) {
    return 'select';
  }
  switch (parameter.type) {
    case 'bool':
      return 'checkbox';
    case 'int':
    case 'float':
      return 'number';
    case 'list':
    case 'dict':
    case 'none':
      return 'json';
    default:
      return parameter.default === MASK ? 'secret' : isText(parameter) ? 'text' : 'json';
  }
}

/** A value as the form shows it. */
export function textOf(parameter: IParameter, value: Json): string {
  if (value === null && parameter.optional) {
    return NOTHING;
  }
  return typeof value === 'string' && fieldOf(parameter) !== 'json' ? value : JSON.stringify(value);
}

/** Read what stands in the form as the parameter's type has it; the server has the last word. */
export function readDraft(parameter: IParameter, draft: string): Reading {
  if (parameter.optional && draft.trim() === NOTHING) {
    return good(null);
  }
  switch (fieldOf(parameter)) {
    case 'checkbox':
      return good(draft === 'true');
    case 'select': {
      const choice = parameter.choices?.find(one => textOf(parameter, one) === draft);
      return choice === undefined ? bad('no choice') : good(choice);
    }
    case 'number':
      return parameter.type === 'int' ? readInteger(draft) : readNumber(draft);
    case 'json':
      return readJson(draft);
    default:
      return good(draft);
  }
}

/** The values that differ from the notebook's, and whether all that is typed can be read. */
export function changedValues(
  parameters: Readonly<Record<string, IParameter>>,
  drafts: Drafts
): { values: Record<string, Json>; isGood: boolean } {
  const values: Record<string, Json> = {};
  let isGood = true;
  for (const [name, parameter] of Object.entries(parameters)) {
    const draft = drafts[name];
    if (draft === undefined) {
      continue;
    }
    const reading = readDraft(parameter, draft);
    if (reading.value === undefined) {
      isGood = false;
    } else if (JSON.stringify(reading.value) !== JSON.stringify(parameter.default)) {
      values[name] = reading.value;
    }
  }
  return { values, isGood };
}

/** How the parameters of a run differ from those of the run before it: `alpha 0.1 → 0.3`. */
export function differences(before: Record<string, Json>, after: Record<string, Json>): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter(name => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map(name => `${name} ${shown(before[name])} → ${shown(after[name])}`);
}

function shown(value: Json | undefined): string {
  const text =
    value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

function isText(parameter: IParameter): boolean {
  return typeof parameter.default === 'string' || ['str', 'date', 'path'].includes(parameter.type);
}

function readInteger(draft: string): Reading {
  const text = draft.trim().replace(/_/g, '');
  if (!/^[+-]?\d+$/.test(text)) {
    return bad('not whole');
  }
  const value = Number(text);
  return Number.isSafeInteger(value) ? good(value) : bad('too large');
}

function readNumber(draft: string): Reading {
  const text = draft.trim().replace(/_/g, '');
  const value = Number(text);
  return text && Number.isFinite(value) ? good(value) : bad('no number');
}

function readJson(draft: string): Reading {
  try {
    return good(JSON.parse(draft));
  } catch {
    return bad('no JSON');
  }
}

function good(value: Json): Reading {
  return { value, problem: '' };
}

function bad(problem: ReadingProblem): Reading {
  return { value: undefined, problem };
}
