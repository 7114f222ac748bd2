import { describe, expect, it } from 'vitest';
import {
  findTag,
  isGoodName,
  loadsExtension,
  metadataStep,
  suggestedName,
  withoutStepTag,
  withStepTag
} from '../src/notebook/step-tag';

describe('findTag', () => {
  it.each([
    ['%%step train\nx = 1', { kind: 'step', line: 0, name: 'train' }],
    ['\n# a comment\n  %%step train --retries 2', { kind: 'step', line: 2, name: 'train' }],
    ['%%time\n%%step train\nx = 1', { kind: 'step', line: 1, name: 'train' }],
    ['%%step "two words"', { kind: 'step', line: 0, name: 'two words' }],
    ['%%step --no-cache', { kind: 'step', line: 0, name: '' }],
    ['%%step  # not a name', { kind: 'step', line: 0, name: '' }],
    ['%%parameters\nalpha = 1', { kind: 'parameters', line: 0, name: '' }],
    ['%%steps train', null],
    ['x = 1\n%%step late', null],
    ['# a comment\n%%time\n%%step unseen', null],
    ['%%bash\n%%step train', null],
    ['', null]
  ])('%j', (source, tag) => {
    expect(findTag(source)).toEqual(tag);
  });
});

describe('withStepTag', () => {
  it.each([
    ['x = 1', '%%step train\nx = 1'],
    ['', '%%step train\n'],
    ['%%time\nx = 1', '%%time\n%%step train\nx = 1'],
    ['%%step old --retries 2\nx = 1', '%%step train --retries 2\nx = 1'],
    ['%%step --no-cache\nx = 1', '%%step train --no-cache\nx = 1'],
    ['%%scratch\nx = 1', '%%step train\nx = 1'],
    ['# note\n%%step "old name"\nx = 1', '# note\n%%step train\nx = 1']
  ])('%j', (source, tagged) => {
    expect(withStepTag(source, 'train')).toBe(tagged);
  });

  it('is undone by withoutStepTag', () => {
    for (const source of ['x = 1', '', '# note\nx = 1', '%%time\nx = 1', '%%parameters\nx = 1']) {
      const tag = findTag(source);
      const expected = tag ? 'x = 1' : source;
      expect(withoutStepTag(withStepTag(source, 'a'))).toBe(expected);
    }
  });
});

it('leaves other tags alone when a step tag is removed', () => {
  expect(withoutStepTag('%%parameters\nx = 1')).toBe('%%parameters\nx = 1');
});

it.each([
  ['train', true],
  ['_a.b-c2', true],
  ['größe', true],
  ['', false],
  ['2nd', false],
  ['two words', false],
  ['a/b', false],
  ['ends.', false],
  ['setup', false],
  ['x'.repeat(101), false]
])('isGoodName(%j) is %s', (name, good) => {
  expect(isGoodName(name)).toBe(good);
});

it.each([
  ['total = 1', '', [], 'total'],
  ['total = 1', '2. Clean the data!', [], 'clean_the_data'],
  ['total = 1', '', ['total', 'total_2'], 'total_3'],
  ['print(1)', '', [], 'step'],
  ['if x == 1:\n    y = 2', '', [], 'step']
])('suggestedName(%j, %j)', (source, heading, taken, name) => {
  expect(suggestedName(source, heading, taken)).toBe(name);
});

it('knows cells that load stepmill', () => {
  expect(loadsExtension(['x = 1', 'import os\n%load_ext stepmill'])).toBe(true);
  expect(loadsExtension(['# %load_ext stepmill', '%load_ext stepmillion'])).toBe(false);
});

it('reads the step of metadata and of cell tags', () => {
  expect(metadataStep({ tags: ['x', 'step:train'] })).toBe('train');
  expect(metadataStep({ stepmill: { step: 'train' } })).toBe('train');
  expect(metadataStep({ stepmill: null, tags: 'step:train' })).toBe('');
});
