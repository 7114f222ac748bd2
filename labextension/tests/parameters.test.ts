import { describe, expect, it } from 'vitest';
import type { IParameter, Json } from '../src/client/documents';
import { changedValues, differences, fieldOf, readDraft, textOf } from '../src/model/parameters';

const parameter = (type: string, value: Json, more: Partial<IParameter> = {}): IParameter => ({
  type,
  default: value,
  ...more
});

describe('fieldOf', () => {
  it.each([
    ['bool', true, 'checkbox'],
    ['int', 3, 'number'],
    ['float', 0.1, 'number'],
    ['str', 'x', 'text'],
    ['date', '2026-01-01', 'text'],
    ['list', [1], 'json'],
    ['dict', {}, 'json'],
    ['none', null, 'json'],
    ['str', '********', 'secret'],
    ['Colour', 'red', 'text']
  ] as const)('%s %j', (type, value, field) => {
    expect(fieldOf(parameter(type, value as Json))).toBe(field);
  });

  it('offers choices', () => {
    expect(fieldOf(parameter('Literal', 'a', { choices: ['a', 'b'] }))).toBe('select');
  });
});

describe('readDraft', () => {
  it.each([
    ['int', 3, ' 1_000 ', 1000],
    ['int', 3, '-4', -4],
    ['float', 0.1, '1e-3', 0.001],
    ['float', 0.1, '2', 2],
    ['bool', false, 'true', true],
    ['str', 'x', '5', '5'],
    ['list', [1], '[1, "a"]', [1, 'a']],
    ['none', null, 'null', null]
  ] as const)('%s: %j, %j', (type, value, draft, read) => {
    expect(readDraft(parameter(type, value as Json), draft)).toEqual({ value: read, problem: '' });
  });

  it.each([
    ['int', 3, '1.5'],
    ['int', 3, ''],
    ['int', 3, '99999999999999999999'],
    ['float', 0.1, 'a lot'],
    ['float', 0.1, ' '],
    ['dict', {}, '{a: 1}']
  ] as const)('%s refuses %j, %j', (type, value, draft) => {
    expect(readDraft(parameter(type, value as Json), draft).problem).not.toBe('');
  });

  it('takes the value of a choice, not its text', () => {
    const choice = parameter('Literal', 1, { choices: [1, 2] });
    expect(readDraft(choice, '2').value).toBe(2);
  });

  it('takes nothing for an optional one', () => {
    const optional = parameter('int', null, { optional: true });
    expect(textOf(optional, null)).toBe('None');
    expect(readDraft(optional, 'None').value).toBeNull();
    expect(readDraft(optional, '').problem).not.toBe('');
  });
});

it('shows texts as they are and the rest as JSON', () => {
  expect(textOf(parameter('str', 'a'), 'a')).toBe('a');
  expect(textOf(parameter('list', ['a']), ['a'])).toBe('["a"]');
});

it('sends only what differs from the notebook', () => {
  const parameters = { a: parameter('int', 1), b: parameter('int', 2), c: parameter('int', 3) };
  expect(changedValues(parameters, { a: '1', b: '5', gone: '7' })).toEqual({
    values: { b: 5 },
    isGood: true
  });
  expect(changedValues(parameters, { a: 'x' }).isGood).toBe(false);
});

it('labels a run by what changed', () => {
  expect(differences({ a: 1, b: [1] }, { a: 2, b: [1], c: 'new' })).toEqual([
    'a 1 → 2',
    'c – → new'
  ]);
  expect(differences({ a: 1 }, { a: 1 })).toEqual([]);
});
