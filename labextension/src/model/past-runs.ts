import type { IPastRun } from '../client/past';

/** By what the list is sorted: the start, or a metric. */
export interface ISort {
  /** "" is the start. */
  metric: string;
  isDown: boolean;
}

export const NEWEST_FIRST: ISort = { metric: '', isDown: true };
export const FEWEST_COMPARED = 2;
export const MOST_COMPARED = 8;
const FIRST_COLUMNS = 2;

/** All metrics of the runs, those of the newest run first. */
export function metricNames(runs: readonly IPastRun[]): string[] {
  return [...new Set(runs.flatMap(run => Object.keys(run.metrics)))];
}

/** The metrics to show: what was chosen, as far as it is there, else the first ones. */
export function columnsOf(runs: readonly IPastRun[], chosen: readonly string[] | null): string[] {
  const names = metricNames(runs);
  return chosen ? names.filter(name => chosen.includes(name)) : names.slice(0, FIRST_COLUMNS);
}

/** The runs whose label, id, status, parameters or metrics have every word of `filter`. */
export function filtered(runs: readonly IPastRun[], filter: string): IPastRun[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter(run => {
    const text = searchText(run);
    return words.every(word => text.includes(word));
  });
}

/** Sorted; runs without the metric come last either way. */
export function sorted(runs: readonly IPastRun[], sort: ISort): IPastRun[] {
  const by = sort.isDown ? -1 : 1;
  const value = (run: IPastRun) =>
    sort.metric ? numberOf(run.metrics[sort.metric]) : run.started_s;
  return [...runs].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === null || b === null) {
      return a === b ? 0 : a === null ? 1 : -1;
    }
    return by * (a - b);
  });
}

/** Choose a column head: another column is sorted by its largest first, the same one turns round. */
export function resorted(sort: ISort, metric: string): ISort {
  return sort.metric === metric ? { metric, isDown: !sort.isDown } : { metric, isDown: true };
}

/** The oldest first: what is compared reads as it went. */
export function inOrder(runs: readonly IPastRun[], ids: readonly string[]): string[] {
  return sorted(
    runs.filter(run => ids.includes(run.run_id)),
    { metric: '', isDown: false }
  ).map(run => run.run_id);
}

/** A metric as it is read in a narrow column; JSON has text for what is no finite number. */
export function metricText(value: number | string | undefined, digits = 4): string {
  if (value === undefined) {
    return '–';
  }
  return typeof value === 'string' ? value : shortNumber(value, digits);
}

export function shortNumber(value: number, digits = 4): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) {
    return String(value);
  }
  return String(Number(value.toPrecision(digits)));
}

function numberOf(value: number | string | undefined): number | null {
  const number = typeof value === 'string' ? Number(value.replace('inf', 'Inf')) : value;
  return number === undefined || Number.isNaN(number) ? null : number;
}

function searchText(run: IPastRun): string {
  const pairs = [...Object.entries(run.parameters), ...Object.entries(run.metrics)];
  return [
    run.run_id,
    run.status,
    ...(run.changed ?? []),
    ...pairs.map(
      ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`
    )
  ]
    .join('\n')
    .toLowerCase();
}
