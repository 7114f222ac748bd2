import type { IEdge, IGraph } from '../client/documents';

interface IEdges {
  readonly edge_details: readonly Pick<IEdge, 'producer' | 'consumer'>[];
}

/** The steps that come after one, by any kind of edge, and the step itself. */
export function withAfter(graph: IEdges, name: string): ReadonlySet<string> {
  return reached(graph, name, 'producer', 'consumer');
}

/** The steps that a step needs, by any kind of edge, and the step itself. */
export function withBefore(graph: IEdges, name: string): ReadonlySet<string> {
  return reached(graph, name, 'consumer', 'producer');
}

/** The steps right before or right after one, in the notebook's order. */
export function neighbours(graph: IGraph, name: string, side: 'before' | 'after'): string[] {
  const found = new Set(
    graph.edge_details
      .filter(edge => (side === 'after' ? edge.producer : edge.consumer) === name)
      .map(edge => (side === 'after' ? edge.consumer : edge.producer))
  );
  return graph.steps.map(step => step.name).filter(step => found.has(step));
}

function reached(
  graph: IEdges,
  start: string,
  from: 'producer' | 'consumer',
  to: 'producer' | 'consumer'
): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  for (const edge of graph.edge_details) {
    const known = next.get(edge[from]);
    if (known) {
      known.push(edge[to]);
    } else {
      next.set(edge[from], [edge[to]]);
    }
  }
  const seen = new Set([start]);
  for (const name of seen) {
    for (const other of next.get(name) ?? []) {
      seen.add(other); // a set is walked to its end, also while it grows
    }
  }
  return seen;
}
