import { describe, expect, it } from 'vitest';
import comparisonSample from '../../tests/server/samples/comparison.json';
import historySample from '../../tests/server/samples/history.json';
import { HistoryClient } from '../src/client/history';
import type {
  IComparedStep,
  IComparison,
  IHistory,
  IOutputRow,
  IPastRun
} from '../src/client/past';
import {
  chartSpec,
  chartsOf,
  csvOf,
  diffGroups,
  edgesOf,
  loadingOf,
  metricChange,
  onlyDifferences,
  pythonOf,
  rowNumbers,
  unmeasured,
  withBaseline
} from '../src/model/comparison';
import { directionOf, turned } from '../src/model/directions';
import {
  columnsOf,
  filtered,
  inOrder,
  metricText,
  NEWEST_FIRST,
  resorted,
  sorted
} from '../src/model/past-runs';
import { sizeText } from '../src/model/sizes';

const COMPARISON = comparisonSample.reply as unknown as IComparison;
const HISTORY = historySample.reply as unknown as IHistory;

function run(id: string, started: number, metrics: Record<string, number | string>): IPastRun {
  const [known] = HISTORY.runs;
  return { ...(known as IPastRun), run_id: id, started_s: started, metrics };
}

const RUNS = [run('c', 3, { f1: 0.5 }), run('b', 2, {}), run('a', 1, { f1: 0.9, loss: 0.1 })];

describe('the list of runs', () => {
  it('reads the server’s own reply', () => {
    expect(HISTORY.runs.map(one => one.changed)).toEqual([['alpha 0.1 → 0.3'], null]);
    expect(columnsOf(HISTORY.runs, null)).toEqual(['f1']);
  });

  it('sorts by a metric; runs without it come last either way', () => {
    const down = sorted(RUNS, { metric: 'f1', isDown: true });
    expect(down.map(one => one.run_id)).toEqual(['a', 'c', 'b']);
    const up = sorted(RUNS, { metric: 'f1', isDown: false });
    expect(up.map(one => one.run_id)).toEqual(['c', 'a', 'b']);
    expect(sorted(RUNS, NEWEST_FIRST).map(one => one.run_id)).toEqual(['c', 'b', 'a']);
    expect(resorted(resorted(NEWEST_FIRST, 'f1'), 'f1')).toEqual({ metric: 'f1', isDown: false });
  });

  it('filters by all words, in parameters, metrics and what changed', () => {
    expect(filtered(HISTORY.runs, 'alpha=0.3 succeeded')).toHaveLength(1);
    expect(filtered(HISTORY.runs, '→')).toHaveLength(1);
    expect(filtered(HISTORY.runs, 'alpha=0.3 failed')).toHaveLength(0);
    expect(filtered(HISTORY.runs, ' ')).toHaveLength(2);
  });

  it('shows the chosen metrics only, and the first two without a choice', () => {
    const many = [run('a', 1, { x: 1, y: 2, z: 3 })];
    expect(columnsOf(many, null)).toEqual(['x', 'y']);
    expect(columnsOf(many, ['z', 'gone'])).toEqual(['z']);
    expect(columnsOf(many, [])).toEqual([]);
  });

  it('compares the oldest first, whatever was ticked first', () => {
    expect(inOrder(RUNS, ['c', 'a'])).toEqual(['a', 'c']);
  });

  it('writes numbers short, and what is no number as it came', () => {
    expect(metricText(0.830000001)).toBe('0.83');
    expect(metricText(1234567)).toBe('1234567');
    expect(metricText('NaN')).toBe('NaN');
    expect(metricText(undefined)).toBe('–');
    expect([sizeText(12), sizeText(1500), sizeText(999_600)]).toEqual(['12 B', '1.5 kB', '1.0 MB']);
  });
});

describe('a comparison', () => {
  it('leaves out what is equal', () => {
    const only = onlyDifferences(COMPARISON);
    expect(COMPARISON.code).not.toHaveLength(0);
    expect(only.code).toEqual([]);
    expect(only.parameters.map(row => row.name)).toEqual(['alpha']);
    expect(only.texts).toHaveLength(1);
  });

  it('puts equal diffs together, with the letters of their runs', () => {
    const [a, b] = COMPARISON.runs;
    const three = { ...COMPARISON, runs: [a, b, { ...b, letter: 'C' }] } as IComparison;
    const row = { is_equal: false, diffs: [[], ['+x'], ['+x']] };
    expect(diffGroups(three, row)).toEqual([{ letters: ['B', 'C'], lines: ['+x'] }]);
  });

  it('says how metrics stand to the baseline', () => {
    expect(metricChange(COMPARISON, 'f1', 1)).toEqual({
      isUp: true,
      isBetter: true,
      text: '+0.2 (+33 %)'
    });
    expect(metricChange(COMPARISON, 'f1', 0)).toBeNull();
    expect(metricChange(COMPARISON, 'gone', 1)).toBeNull();
  });

  it('moves the baseline to the front', () => {
    expect(withBaseline(['a', 'b', 'c'], 'c')).toEqual(['c', 'a', 'b']);
  });

  it('is CSV that a spreadsheet does not calculate with', () => {
    const [a, b] = COMPARISON.runs as [IComparison['runs'][0], IComparison['runs'][0]];
    const nasty = { ...b, parameters: { alpha: '=cmd|"x"', 'a,b': [1, 'y'] } };
    const [head, first, second] = csvOf({ ...COMPARISON, runs: [a, nasty] }).split('\r\n');
    expect(head).toBe('run,run_id,started,status,seconds,alpha,"a,b",f1');
    expect(first).toContain(',0.1,,0.6');
    expect(second).toContain(`"'=cmd|""x""","[1,""y""]",0.8`);
  });

  it('is Python that loads the runs', () => {
    const text = pythonOf(COMPARISON);
    expect(text).toContain(`"${COMPARISON.runs[0]?.run_id}",  # A`);
    expect(text).toContain('run.load("fit", "score") for run in runs]');
    const [first, ...others] = COMPARISON.outputs as [IOutputRow, ...IOutputRow[]];
    const ended = { ...first, step: 'fit', name: 'y', digests: ['d', null], is_equal: false };
    expect(pythonOf({ ...COMPARISON, outputs: [ended, ...others] })).toContain(
      `run.load("fit", "y") for run in runs if run.run_id not in {"${COMPARISON.runs[1]?.run_id}"}]`
    );
    expect(loadingOf('r', 'my step', 'df')).toContain(
      'df = stepmill.open_run("r").load("my step", "df")'
    );
    expect(loadingOf('r', 's', 'a b')).toContain('value = ');
  });

  it('is drawn as bars, and over a parameter that differs in three runs', () => {
    const [a, b] = COMPARISON.runs as [IComparison['runs'][0], IComparison['runs'][0]];
    expect(chartsOf(COMPARISON)).toMatchObject([{ metric: 'f1', parameter: '' }]);
    const c = { ...b, letter: 'C', parameters: { alpha: 0.9 }, metrics: { f1: 'NaN' } };
    const [chart] = chartsOf({ ...COMPARISON, runs: [a, b, c] });
    expect(chart).toMatchObject({ parameter: 'alpha', points: [{ at: 0.1 }, { at: 0.3 }] });
    const colours = { text: '#111', line: '#222', font: 'sans', runs: { A: '#a', B: '#b' } };
    const spec = JSON.stringify(chart && chartSpec(chart, colours));
    expect(spec).toContain('"range":["#a","#b"]');
  });

  it('has each edge of the graph once, and none to a step that is not there', () => {
    const step = { causes: [], divergence: 'same' as const };
    const steps: IComparedStep[] = [
      { ...step, name: 'a', inputs: {}, after: [] },
      { ...step, name: 'b', inputs: { x: 'a', y: 'a', z: 'gone' }, after: ['a'] }
    ];
    expect(edgesOf(steps)).toEqual([{ producer: 'a', consumer: 'b' }]);
  });
});

describe('the client', () => {
  const asked: [string, RequestInit | undefined][] = [];
  const client = new HistoryClient(async (path, init) => {
    asked.push([path, init]);
    return path.startsWith('runs/gone')
      ? Response.json({ error: { code: 'SM092', message: 'no run' } }, { status: 404 })
      : Response.json(comparisonSample.reply);
  });

  it('names the runs in order, the baseline first', async () => {
    await client.compare('a b.ipynb', ['x', 'y']);
    expect(asked.at(-1)?.[0]).toBe('comparison?path=a+b.ipynb&run=x&run=y');
  });

  it('deletes and restores', async () => {
    await client.remove('n.ipynb', 'x/y');
    expect(asked.at(-1)).toEqual(['runs/x%2Fy/deletion?path=n.ipynb', { method: 'POST' }]);
    await client.restore('n.ipynb', 'x');
    expect(asked.at(-1)?.[1]).toEqual({ method: 'DELETE' });
  });

  it('rejects with what the server said', async () => {
    await expect(client.step('n.ipynb', 'gone', 's')).rejects.toMatchObject({
      code: 'SM092',
      message: 'no run'
    });
  });
});

describe('metrics that are compared', () => {
  it.each([
    ['rmse', 'lower'],
    ['val_loss', 'lower'],
    ['testAuc', 'higher'],
    ['f1_score', 'higher'],
    ['r2', 'higher'],
    ['score_error', 'lower'],
    ['rows', '']
  ])('knows which way %s gets better: %s', (name, direction) => {
    expect(directionOf(name)).toBe(direction);
  });

  it('can be turned round, and back', () => {
    expect([turned('higher'), turned('lower'), turned('')]).toEqual(['lower', '', 'higher']);
  });

  it('says better or worse only where that is known', () => {
    const [first, second] = COMPARISON.runs;
    const found = {
      ...COMPARISON,
      runs: [
        { ...first, metrics: { loss: 1, rows: 1 } },
        { ...second, metrics: { loss: 0.5, rows: 2 } }
      ]
    } as unknown as IComparison;
    expect(metricChange(found, 'loss', 1)?.isBetter).toBe(true);
    expect(metricChange(found, 'loss', 1, 'higher')?.isBetter).toBe(false);
    expect(metricChange(found, 'rows', 1)?.isBetter).toBeNull();
  });

  it('has few digits, but as many as tell them apart', () => {
    expect(rowNumbers([0.123456789, 0.5])).toEqual(['0.1235', '0.5']);
    expect(rowNumbers([0.12345678, 0.12345679])).toEqual(['0.12345678', '0.12345679']);
    expect(rowNumbers([1, undefined, 'nan'])).toEqual(['1', '–', 'nan']);
  });

  it('does not stand among the results again', () => {
    const output = { ...COMPARISON.outputs[0], name: 'rmse', type_names: ['builtins.float'] };
    const metric = { name: 'rmse', step: 'fit', values: [], is_equal: false };
    const found = { ...COMPARISON, metrics: [metric], outputs: [output] } as unknown as IComparison;
    expect(unmeasured(found)).toEqual([]);
    expect(unmeasured({ ...found, metrics: [] })).toHaveLength(1);
  });
});
