import type { IGraph } from '../client/documents';
import { withAfter, withBefore } from './graph-walk';

/**
 * The steps that a filter leaves. Words are looked for in the names of steps and of what they take and
 * give; `+fit` is fit and all before it, `fit+` fit and all after it, `+fit+` both. Where a step has
 * just that name, it is not about `refit`.
 */
export function filteredSteps(graph: IGraph, filter: string): ReadonlySet<string> {
  const text = filter.trim().toLowerCase();
  const [, before = '', words = '', after = ''] = /^(\+?)(.*?)(\+?)$/.exec(text) ?? [];
  const isExact = (before || after) && graph.steps.some(step => step.name.toLowerCase() === words);
  const found = graph.steps
    .filter(step => {
      if (isExact) {
        return step.name.toLowerCase() === words;
      }
      const names =
        before || after ? [step.name] : [step.name, ...Object.keys(step.inputs), ...step.outputs];
      const all = names.join('\n').toLowerCase();
      return words.split(/\s+/).every(word => all.includes(word));
    })
    .map(step => step.name);
  return new Set(
    found.flatMap(name => [
      name,
      ...(before ? withBefore(graph, name) : []),
      ...(after ? withAfter(graph, name) : [])
    ])
  );
}

/** The graph with only some of its steps, and what flows between these. */
export function withOnly(graph: IGraph, names: ReadonlySet<string>): IGraph {
  return {
    ...graph,
    steps: graph.steps.filter(step => names.has(step.name)),
    edge_details: graph.edge_details.filter(
      edge => names.has(edge.producer) && names.has(edge.consumer)
    )
  };
}
