import type { IComparedStep, IComparison, IDiffRow, IOutputRow, IRow } from '../client/past';
import { type Direction, directionOf } from './directions';
import { metricText, shortNumber } from './past-runs';

/** The comparison without what is equal in all runs. */
export function onlyDifferences(found: IComparison): IComparison {
  const differing = <T extends { is_equal: boolean }>(rows: T[]) =>
    rows.filter(row => !row.is_equal);
  return {
    ...found,
    parameters: differing(found.parameters),
    code: differing(found.code),
    environment: differing(found.environment),
    files: differing(found.files),
    metrics: differing(found.metrics),
    outputs: differing(found.outputs),
    texts: differing(found.texts),
    pictures: differing(found.pictures),
    durations: differing(found.durations)
  };
}

/** The ids with another one first; the others keep their order. */
export function withBaseline(runIds: readonly string[], baseline: string): string[] {
  return [baseline, ...runIds.filter(id => id !== baseline)];
}

/** The different diffs against the first run, each with the letters of the runs that have it. */
export function diffGroups(
  found: IComparison,
  row: IDiffRow
): { letters: string[]; lines: string[] }[] {
  const groups = new Map<string, { letters: string[]; lines: string[] }>();
  row.diffs.forEach((lines, index) => {
    if (lines.length) {
      const key = lines.join('\n');
      const group = groups.get(key) ?? { letters: [], lines };
      group.letters.push(found.runs[index]?.letter ?? '');
      groups.set(key, group);
    }
  });
  return [...groups.values()];
}

/** How a metric of a run stands to that of the baseline; null where there is nothing to say. */
export function metricChange(
  found: IComparison,
  name: string,
  index: number,
  direction: Direction = directionOf(name)
): { isUp: boolean; text: string; isBetter: boolean | null } | null {
  const [first, other] = [found.runs[0]?.metrics[name], found.runs[index]?.metrics[name]];
  if (typeof first !== 'number' || typeof other !== 'number' || first === other) {
    return null;
  }
  const share =
    first === 0 ? '' : ` (${other > first ? '+' : '−'}${percent((other - first) / first)})`;
  const by = shortNumber(Math.abs(other - first));
  const isUp = other > first;
  const isBetter = direction ? isUp === (direction === 'higher') : null;
  return { isUp, isBetter, text: `${isUp ? '+' : '−'}${by}${share}` };
}

/** The values of a row as numbers are read: few digits, but as many as tell different ones apart. */
export function rowNumbers(values: readonly (number | string | undefined)[]): string[] {
  const count = new Set(values).size;
  for (const digits of [4, 6, 9, 12]) {
    const texts = values.map(value => metricText(value, digits));
    if (new Set(texts).size === count) {
      return texts;
    }
  }
  return values.map(value => (value === undefined ? '–' : String(value)));
}

/** The results that are not told among the metrics already. */
export function unmeasured(found: IComparison): IOutputRow[] {
  const metrics = new Set(found.metrics.map(row => row.name));
  const isNumber = (row: IOutputRow) =>
    row.type_names.every(type => /(^|\.)(float\d*|int\d*|bool_?)$/.test(type));
  return found.outputs.filter(row => !(metrics.has(row.name) && isNumber(row)));
}

/** Values of steps of which nothing but the digest is known to differ, and the others. */
export function isTelling(row: IOutputRow): boolean {
  return row.details.length > 0;
}

/** What a row is about, with its step. */
export function rowName(row: IRow): string {
  return row.step && row.step !== row.name ? `${row.step} ${row.name}` : row.name;
}

/** Long digests cut; null where a run does not have the fact. */
export function cellText(value: string | null): string {
  if (value === null) {
    return '–';
  }
  return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;
}

/** One line a run: when, how long, parameters, metrics. */
export function csvOf(found: IComparison): string {
  const parameters = namesOf(found.runs.map(run => run.parameters));
  const metrics = namesOf(found.runs.map(run => run.metrics));
  const head = ['run', 'run_id', 'started', 'status', 'seconds', ...parameters, ...metrics];
  const lines = found.runs.map(run => [
    run.letter,
    run.run_id,
    new Date(run.started_s * 1000).toISOString(),
    run.status,
    run.seconds,
    ...parameters.map(name => run.parameters[name]),
    ...metrics.map(name => run.metrics[name])
  ]);
  return `${[head, ...lines].map(line => line.map(csvField).join(',')).join('\r\n')}\r\n`;
}

/** Python that loads the runs and compares them; `project` is found from the notebook's folder. */
export function pythonOf(found: IComparison): string {
  const ids = found.runs.map(run => `    "${run.run_id}",  # ${run.letter}`).join('\n');
  const output = found.outputs.find(row => !row.is_equal) ?? found.outputs[0];
  const without = found.runs.filter((_, index) => output?.digests[index] === null);
  const those = without.length
    ? ` if run.run_id not in {${without.map(run => `"${run.run_id}"`).join(', ')}}`
    : '';
  const load = output
    ? [
        `values = [run.load(${quoted(output.step)}, ${quoted(output.name)}) for run in runs${those}]`
      ]
    : [];
  return [
    'import stepmill',
    '',
    'run_ids = [',
    ids,
    ']',
    'runs = [stepmill.open_run(run_id) for run_id in run_ids]',
    'metrics = {run.run_id: dict(run.summary.metrics) for run in runs}',
    ...load,
    'print(stepmill.compare(*run_ids).sentence)',
    ''
  ].join('\n');
}

/** Python that loads one value of a run. */
export function loadingOf(runId: string, step: string, name: string): string {
  return `import stepmill\n\n${/^[A-Za-z_]\w*$/.test(name) ? name : 'value'} = stepmill.open_run("${runId}").load(${quoted(step)}, ${quoted(name)})\n`;
}

/** A chart of one metric over the runs, or over the parameter that differs in each of them. */
export interface IChart {
  metric: string;
  /** "" where the runs themselves are the axis. */
  parameter: string;
  points: { letter: string; at: number | string; value: number }[];
}

/** A chart for each metric that at least two runs have. */
export function chartsOf(found: IComparison): IChart[] {
  const parameter = sweptParameter(found);
  return found.metrics.flatMap(({ name }) => {
    const points = found.runs.flatMap(run => {
      const value = run.metrics[name];
      const at = parameter ? (run.parameters[parameter] as number) : run.letter;
      return typeof value === 'number' ? [{ letter: run.letter, at, value }] : [];
    });
    return points.length > 1 ? [{ metric: name, parameter, points }] : [];
  });
}

export interface IChartColours {
  text: string;
  line: string;
  font: string;
  /** By letter. */
  runs: Record<string, string>;
}

/** The chart as a Vega-Lite specification; a run is told by its letter, not by its colour alone. */
export function chartSpec(chart: IChart, colours: IChartColours): object {
  const letters = chart.points.map(point => point.letter);
  const x = {
    field: 'at',
    type: chart.parameter ? 'quantitative' : 'nominal',
    title: chart.parameter || null,
    ...(chart.parameter ? { scale: { zero: false } } : { sort: letters, axis: { labelAngle: 0 } })
  };
  const scale = chart.parameter ? { zero: false, nice: true } : { nice: true };
  const y = { field: 'value', type: 'quantitative', title: null, scale };
  const color = {
    field: 'letter',
    type: 'nominal',
    legend: null,
    scale: { domain: letters, range: letters.map(letter => colours.runs[letter]) }
  };
  const text = {
    mark: { type: 'text', dy: -9, fontWeight: 'bold' },
    encoding: { text: { field: 'letter' }, color: { value: colours.text } }
  };
  const swept = [
    { mark: { type: 'line', color: colours.line } },
    { mark: { type: 'point', filled: true, size: 80 }, encoding: { color } },
    text
  ];
  const bars = [{ mark: { type: 'bar', size: 26 }, encoding: { color } }];
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    description: `${chart.metric}: ${chart.points.map(one => `${one.letter} ${one.value}`).join(', ')}`,
    title: { text: chart.metric, anchor: 'start', fontSize: 12 },
    data: { values: chart.points },
    width: chart.parameter ? 220 : Math.max(90, 48 * letters.length),
    height: 130,
    encoding: {
      x,
      y,
      tooltip: [
        { field: 'letter', title: 'run' },
        { field: 'value', title: chart.metric }
      ]
    },
    layer: chart.parameter ? swept : bars,
    config: {
      background: 'transparent',
      font: colours.font,
      view: { stroke: null },
      axis: {
        labelColor: colours.text,
        titleColor: colours.text,
        gridColor: colours.line,
        domainColor: colours.line,
        tickColor: colours.line,
        labelFlush: false
      },
      axisX: { grid: false, tickCount: 5 },
      axisY: { tickCount: 5 },
      title: { color: colours.text }
    }
  };
}

/** The edges of a compared graph, each pair of steps once. */
export function edgesOf(steps: readonly IComparedStep[]): { producer: string; consumer: string }[] {
  const names = new Set(steps.map(step => step.name));
  return steps.flatMap(step =>
    [...new Set([...Object.values(step.inputs), ...step.after])]
      .filter(producer => names.has(producer))
      .map(producer => ({ producer, consumer: step.name }))
  );
}

/** The one number among the parameters that is another in each of at least three runs. */
function sweptParameter(found: IComparison): string {
  if (found.runs.length < 3) {
    return '';
  }
  const swept = namesOf(found.runs.map(run => run.parameters)).filter(name => {
    const values = found.runs.map(run => run.parameters[name]);
    return (
      values.every(value => typeof value === 'number') && new Set(values).size === values.length
    );
  });
  return swept.length === 1 ? (swept[0] ?? '') : '';
}

function namesOf(records: readonly Record<string, unknown>[]): string[] {
  return [...new Set(records.flatMap(record => Object.keys(record)))];
}

/** Texts that a spreadsheet would take for a formula get an apostrophe before them. */
function csvField(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

function percent(share: number): string {
  return `${shortNumber(Number((Math.abs(share) * 100).toPrecision(2)))} %`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
