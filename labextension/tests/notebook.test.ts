import { describe, expect, it } from 'vitest';
import type { IPostedCell, IRunOutputs } from '../src/client/documents';
import { acceptable } from '../src/model/accepting';
import { edited, units } from '../src/model/text-edits';
import { headingsOf } from '../src/notebook/headings';
import { completionsAt } from '../src/notebook/step-completion';
import { metadataStep, withMetadataStep } from '../src/notebook/step-tag';

const edit = (
  line: number,
  column: number,
  end_line: number,
  end_column: number,
  text: string
) => ({
  cell: 0,
  line,
  column,
  end_line,
  end_column,
  text
});

describe('edited', () => {
  it('counts code points, as Python does', () => {
    expect(units('a😀b', 2)).toBe(3);
    expect(edited('"😀" + x', [edit(1, 6, 1, 7, 'y')])).toBe('"😀" + y');
  });

  it('makes several edits that were counted in one text', () => {
    const both = [edit(1, 0, 1, 1, 'xx'), edit(2, 0, 2, 1, 'yy')];
    expect(edited('a = 1\nb = 2', both)).toBe('xx = 1\nyy = 2');
  });

  it('puts in and takes out lines', () => {
    expect(edited('b', [edit(1, 0, 1, 0, 'a\n')])).toBe('a\nb');
    expect(edited('a\nb\nc', [edit(2, 0, 3, 0, '')])).toBe('a\nc');
    expect(edited('a', [edit(9, 4, 9, 9, '\nb')])).toBe('a\nb');
  });
});

describe('acceptable', () => {
  const cell = (id: string, source: string, cell_type = 'code'): IPostedCell => ({
    id,
    cell_type,
    source,
    metadata: {}
  });
  const ran = (index: number, id: string, source: string): IRunOutputs => ({
    index,
    id,
    source,
    outputs: [],
    execution_count: index
  });

  it('takes outputs by id, wherever the cell stands now', () => {
    const { outputs, skipped } = acceptable(
      [cell('b', 'y'), cell('a', 'x')],
      [ran(0, 'a', 'x'), ran(1, 'b', 'y')]
    );
    expect(outputs.map(one => one.id)).toEqual(['a', 'b']);
    expect(skipped).toBe(0);
  });

  it('leaves alone what was edited, removed, or became text', () => {
    const now = [cell('a', 'x + 1'), cell('c', 'z', 'markdown')];
    const found = acceptable(now, [ran(0, 'a', 'x'), ran(1, 'b', 'y'), ran(2, 'c', 'z')]);
    expect(found).toEqual({ outputs: [], skipped: 3 });
  });

  it('goes by the place where a notebook has no ids', () => {
    const found = acceptable([cell('fresh', 'x')], [ran(0, '', 'x')]);
    expect(found.outputs.map(one => one.id)).toEqual(['fresh']);
  });
});

describe('completionsAt', () => {
  const names = { steps: ['load', 'train'], inputs: ['rows'], outputs: ['model', 'score'] };
  const at = (source: string) => completionsAt(source, source.length, names);

  it.each([
    ['%%st', ['%%step']],
    ['%%step ', ['load', 'train']],
    ['%%step lo', ['load']],
    ['%%step x --after ', ['load', 'train']],
    ['%%step train --after ', ['load']],
    ['%%step x --after load,tr', ['train']],
    ['%%step x --inputs ', ['rows']],
    ['%%step x --metrics model,sc', ['score']],
    ['%%step x --re', ['retries']],
    ['%%step x --retries ', ['1', '2', '3']],
    ['# why\n%%step x --no', ['no-cache']]
  ])('%j', (source, words) => {
    expect(at(source)?.words).toEqual(words);
  });

  it('replaces the word, not the dashes before it', () => {
    expect(at('%%step x --re')?.start).toBe('%%step x --'.length);
    expect(at('%%step x --after load,tr')?.start).toBe('%%step x --after load,'.length);
  });

  it('offers each flag once, and none that exclude each other', () => {
    expect(at('%%step x --retries 1 --re')).toBeNull();
    expect(at('%%step x --no-cache --cache')).toBeNull();
    expect(at('%%step x --after a --af')?.words).toEqual(['after']);
  });

  it.each(['x = 1', '%%step x\nlo', 'y\n%%st', '%%time', 'lo'])('%j has none', source => {
    expect(at(source)).toBeNull();
  });
});

describe('withMetadataStep', () => {
  it('names the step, and keeps what else there is', () => {
    const before = { tags: ['step:old', 'keep'], stepmill: { retries: 2 }, other: 1 };
    const after = withMetadataStep(before, 'train');
    expect(after).toEqual({ tags: ['keep'], stepmill: { retries: 2, step: 'train' }, other: 1 });
    expect(metadataStep(after)).toBe('train');
  });

  it('leaves nothing of ours behind', () => {
    expect(withMetadataStep({ tags: ['step:a'], stepmill: { step: 'a' } }, '')).toEqual({});
  });
});

it('headings are those above a cell', () => {
  const cell = (cell_type: string, source: string) => ({ id: '', cell_type, source, metadata: {} });
  const cells = [cell('code', '# no'), cell('markdown', 'a\n## One '), cell('code', 'x')];
  expect(headingsOf(cells)).toEqual(['', 'One', 'One']);
});
