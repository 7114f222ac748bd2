import type { IGraph, IPlannedStep, IRunScope } from '../client/documents';
import { withAfter, withBefore } from './graph-walk';

type Plan = Readonly<Record<string, IPlannedStep>>;

/** What a run of some scope would do with the steps, as far as it is known before it starts. */
export interface IForecast {
  /** In the notebook's order; `reason` is "" where a step runs only because it is asked for. */
  runs: { name: string; reason: string }[];
  reused: number;
}

/** What `scope` would run of a planned notebook; null while there is no plan. */
export function forecast(graph: IGraph, plan: Plan | null, scope: IRunScope): IForecast | null {
  if (!plan) {
    return null;
  }
  const asked = askedFor(graph, scope);
  const names = graph.steps
    .map(step => step.name)
    .filter(name => !scope.steps || within(graph, scope.steps, name));
  const runs = names
    .filter(name => asked.has(name) || plan[name]?.status !== 'cached')
    .map(name => ({
      name,
      reason: plan[name]?.status === 'cached' ? '' : (plan[name]?.reason ?? '')
    }));
  return { runs, reused: names.length - runs.length };
}

/** The steps that run though their results could be reused. */
function askedFor(graph: IGraph, { from = [], refresh = [] }: IRunScope): ReadonlySet<string> {
  if (refresh === true) {
    return new Set(graph.steps.map(step => step.name));
  }
  return new Set([...from.flatMap(name => [...withAfter(graph, name)]), ...(refresh || [])]);
}

function within(graph: IGraph, wanted: readonly string[], name: string): boolean {
  return wanted.some(one => withBefore(graph, one).has(name));
}
