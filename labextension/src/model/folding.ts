import type { IEdge, IGraph, IStep } from '../client/documents';
import type { IStepState, StepWord } from './steps';

/** Steps that follow each other in the notebook, drawn as one while they are folded. */
export interface IGroup {
  /** A name that no step can have. */
  id: string;
  title: string;
  members: readonly string[];
}

/** More steps than these are folded at first. */
export const MANY_STEPS = 40;
const GROUP_SIZE = 10;
const GROUP_MARK = '§';

export function isGroup(name: string): boolean {
  return name.startsWith(GROUP_MARK);
}

/** The groups of a large graph: what stands under one heading, else ten at a time; none of a small one. */
export function groupsOf(graph: IGraph, headings: readonly string[]): IGroup[] {
  if (graph.steps.length <= MANY_STEPS) {
    return [];
  }
  const titles = graph.steps.map(step => headings[step.cells[0] ?? -1] ?? '');
  const hasHeadings = new Set(titles).size > 1;
  const groups: { title: string; members: string[] }[] = [];
  graph.steps.forEach((step, index) => {
    const last = groups.at(-1);
    const isNext = hasHeadings ? last?.title !== titles[index] : index % GROUP_SIZE === 0;
    if (!last || isNext) {
      groups.push({ title: hasHeadings ? (titles[index] ?? '') : '', members: [step.name] });
    } else {
      last.members.push(step.name);
    }
  });
  return groups
    .filter(({ members }) => members.length > 1)
    .map(({ title, members }) => ({
      id: GROUP_MARK + members[0],
      title: title || `${members[0]} … ${members.at(-1)}`,
      members
    }));
}

/** The graph with a node for each folded group in the place of its steps; names of edges are kept once. */
export function folded(graph: IGraph, groups: readonly IGroup[]): IGraph {
  const titles = new Map(groups.map(group => [group.id, titleOf(group)]));
  const groupOf = new Map(groups.flatMap(group => group.members.map(name => [name, group.id])));
  const nodeOf = (name: string) => groupOf.get(name) ?? name;
  const steps = new Map<string, IStep>();
  for (const step of graph.steps) {
    const id = nodeOf(step.name);
    if (!steps.has(id)) {
      const title = titles.get(id);
      steps.set(id, title === undefined ? step : { ...step, name: id, title });
    }
  }
  const edges = new Map<string, IEdge>();
  for (const edge of graph.edge_details) {
    const producer = nodeOf(edge.producer);
    const consumer = nodeOf(edge.consumer);
    const key = JSON.stringify([producer, consumer, edge.kind, edge.name]);
    if (producer !== consumer && !edges.has(key)) {
      edges.set(key, { ...edge, producer, consumer });
    }
  }
  return { ...graph, steps: [...steps.values()], edge_details: [...edges.values()] };
}

/** "Part 1 (25)": the heading, and how many steps are folded below it. */
export function titleOf({ title, members }: IGroup): string {
  return `${title} (${members.length})`;
}

/** What is most worth to know of a group comes first. */
const WORST: readonly StepWord[] = [
  'failed',
  'wrong',
  'blocked',
  'running',
  'queued',
  'edited',
  'stale',
  'cancelled',
  'skipped',
  'new',
  'unknown',
  'executed',
  'cached',
  'fresh'
];

/** The states of the nodes of a folded graph; a group stands where the worst of its steps does. */
export function foldedStates(
  states: readonly IStepState[],
  groups: readonly IGroup[]
): IStepState[] {
  const byName = new Map(states.map(state => [state.name, state]));
  const hidden = new Set(groups.flatMap(group => group.members));
  const ofGroups = groups.flatMap(group => {
    const members = group.members.flatMap(name => byName.get(name) ?? []);
    const worst = [...members].sort((a, b) => WORST.indexOf(a.word) - WORST.indexOf(b.word))[0];
    const known = members.flatMap(one => one.seconds ?? []);
    const seconds =
      known.length === members.length ? known.reduce((sum, one) => sum + one, 0) : null;
    const isLit = members.some(one => one.isLit) || (worst?.isLit ?? null);
    return worst
      ? [{ ...worst, name: group.id, reason: '', seconds, run: null, isLit, group }]
      : [];
  });
  return [...states.filter(state => !hidden.has(state.name)), ...ofGroups];
}
