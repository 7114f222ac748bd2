import { describe, expect, it } from 'vitest';
import type { EdgeKind, IEdge, IGraph, IPlannedStep, IStep } from '../src/client/documents';
import { forecast } from '../src/model/forecast';
import { filteredSteps, withOnly } from '../src/model/step-filter';
import { place } from '../src/panels/pipeline/layout';

const edge = (producer: string, consumer: string, kind: EdgeKind = 'data'): IEdge => ({
  producer,
  consumer,
  name: `${producer}_made`,
  kind,
  doubtful: false,
  evidence: []
});

function graphOf(names: string[], edges: IEdge[]): IGraph {
  const steps = names.map((name, index) => ({
    name,
    cells: [index],
    inputs: Object.fromEntries(
      edges.filter(one => one.consumer === name).map(one => [one.name, one.producer])
    ),
    outputs: [],
    parameters: [],
    after: [],
    setup: ''
  }));
  return { steps, edge_details: edges, parameters: {}, diagnostics: [] };
}

const graph = graphOf(
  ['load', 'clean', 'fit', 'plot'],
  [edge('load', 'clean'), edge('clean', 'fit'), edge('load', 'plot')]
);
const planned = (status: IPlannedStep['status'], reason = ''): IPlannedStep => ({
  status,
  reason,
  causes: [],
  expected_seconds: null
});
const plan = {
  load: planned('cached'),
  clean: planned('cached'),
  fit: planned('stale', 'code changed'),
  plot: planned('stale', 'code changed')
};
const names = (scope: Parameters<typeof forecast>[2]) =>
  forecast(graph, plan, scope)?.runs.map(one => one.name);

describe('what a run would run', () => {
  it('is what the plan says where nothing is asked for', () => {
    expect(forecast(graph, plan, {})).toEqual({
      runs: [
        { name: 'fit', reason: 'code changed' },
        { name: 'plot', reason: 'code changed' }
      ],
      reused: 2
    });
    expect(forecast(graph, null, {})).toBeNull();
  });

  it('is all that follows a step, and what is out of date besides', () => {
    expect(names({ from: ['clean'] })).toEqual(['clean', 'fit', 'plot']);
    expect(forecast(graph, plan, { from: ['clean'] })?.runs[0]).toEqual({
      name: 'clean',
      reason: ''
    });
  });

  it('is only the step, where what it needs is up to date', () => {
    expect(names({ steps: ['fit'], refresh: ['fit'] })).toEqual(['fit']);
    expect(forecast(graph, plan, { steps: ['fit'], refresh: ['fit'] })?.reused).toBe(2);
  });

  it('is every step, where nothing is to be reused', () => {
    expect(names({ refresh: true })).toHaveLength(4);
  });
});

describe('filtering steps', () => {
  const found = (filter: string) => [...filteredSteps(graph, filter)].sort();

  it('looks into the names of steps and of values', () => {
    expect(found('FIT')).toEqual(['fit']);
    expect(found('load_made')).toEqual(['clean', 'plot']);
    expect(found('nothing')).toEqual([]);
  });

  it('takes what is before and after with it', () => {
    expect(found('+fit')).toEqual(['clean', 'fit', 'load']);
    expect(found('clean+')).toEqual(['clean', 'fit']);
    expect(found('+clean+')).toEqual(['clean', 'fit', 'load']);
  });

  it('prefers the step of just that name, where it goes along edges', () => {
    const [first] = graph.steps;
    const more = { ...graph, steps: [...graph.steps, { ...(first as IStep), name: 'refit' }] };
    expect([...filteredSteps(more, 'fit')]).toContain('refit');
    expect([...filteredSteps(more, '+fit')].sort()).toEqual(['clean', 'fit', 'load']);
    expect([...filteredSteps(more, '+efit')]).toEqual(['refit']);
  });

  it('leaves only the edges between them', () => {
    const few = withOnly(graph, filteredSteps(graph, '+fit'));
    expect(few.steps.map(step => step.name)).toEqual(['load', 'clean', 'fit']);
    expect(few.edge_details).toHaveLength(2);
  });
});

describe('edges that are drawn', () => {
  it('leave out an order that other edges give already, never a value', () => {
    const doubled = graphOf(
      ['a', 'b', 'c'],
      [edge('a', 'b'), edge('b', 'c', 'order'), edge('a', 'c', 'file')]
    );
    const drawn = place(doubled, 'TB', kind => kind).edges;
    expect(drawn.map(one => [one.producer, one.consumer])).toEqual([
      ['a', 'b'],
      ['b', 'c']
    ]);
    const valued = graphOf(['a', 'b', 'c'], [edge('a', 'b'), edge('b', 'c'), edge('a', 'c')]);
    expect(place(valued, 'TB', kind => kind).edges).toHaveLength(3);
    const circle = graphOf(['a', 'b'], [edge('a', 'b', 'order'), edge('b', 'a', 'order')]);
    expect(place(circle, 'TB', kind => kind).edges).toHaveLength(2);
  });
});
