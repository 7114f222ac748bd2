import { describe, expect, it } from 'vitest';
import type { EdgeKind, IEdge, IGraph } from '../src/client/documents';
import { folded, foldedStates, groupsOf, isGroup } from '../src/model/folding';
import { neighbours, withAfter, withBefore } from '../src/model/graph-walk';
import type { IStepState, StepWord } from '../src/model/steps';
import { bowedEdges } from '../src/panels/pipeline/bowed';
import { place } from '../src/panels/pipeline/layout';

const edge = (producer: string, consumer: string, name = 'x', kind: EdgeKind = 'data'): IEdge => ({
  producer,
  consumer,
  name,
  kind,
  doubtful: false,
  evidence: []
});

function graphOf(names: string[], edges: IEdge[]): IGraph {
  const steps = names.map((name, index) => ({
    name,
    cells: [index],
    inputs: {},
    outputs: [],
    parameters: [],
    after: [],
    setup: ''
  }));
  return { steps, edge_details: edges, parameters: {}, diagnostics: [] };
}

describe('walking', () => {
  const graph = graphOf(
    ['a', 'b', 'c', 'd'],
    [edge('a', 'c'), edge('a', 'b'), edge('b', 'd'), edge('c', 'd', '', 'order')]
  );

  it('finds what comes after and before, once each', () => {
    expect([...withAfter(graph, 'b')]).toEqual(['b', 'd']);
    expect(withAfter(graph, 'a').size).toBe(4);
    expect(withBefore(graph, 'd').size).toBe(4);
  });

  it('ends in a circle', () => {
    expect(withAfter(graphOf(['a', 'b'], [edge('a', 'b'), edge('b', 'a')]), 'a').size).toBe(2);
  });

  it('has neighbours in the order of the notebook', () => {
    expect(neighbours(graph, 'a', 'after')).toEqual(['b', 'c']);
    expect(neighbours(graph, 'd', 'before')).toEqual(['b', 'c']);
  });
});

describe('folding', () => {
  const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
  const chain = names.slice(1).map((name, index) => edge(`s${index}`, name, `v${index}`));
  const graph = graphOf(names, chain);
  const headings = names.map((_, index) => (index < 50 ? 'Load' : 'Train'));

  it('leaves small graphs as they are', () => {
    expect(groupsOf(graphOf(names.slice(0, 40), []), headings)).toEqual([]);
  });

  it('folds by headings, and by tens where there are none', () => {
    expect(groupsOf(graph, headings).map(group => group.title)).toEqual(['Load', 'Train']);
    const tens = groupsOf(graph, []);
    expect(tens).toHaveLength(20);
    expect(tens[0]?.title).toBe('s0 … s9');
    expect(isGroup(tens[0]?.id ?? '')).toBe(true);
  });

  it('draws a group as one node, without edges to itself', () => {
    const [first, second] = groupsOf(graph, headings);
    const small = folded(
      graph,
      [first, second].flatMap(group => group ?? [])
    );
    expect(small.steps.map(step => step.name)).toEqual([first?.id, second?.id]);
    expect(small.edge_details).toEqual([
      { ...edge('', '', 'v49'), producer: first?.id, consumer: second?.id }
    ]);
    const open = folded(graph, first ? [first] : []);
    expect(open.steps).toHaveLength(151);
    expect(open.edge_details).toHaveLength(150);
  });

  it('says of a group what is worst in it', () => {
    const states = names.map((name, index) => {
      const word: StepWord = index === 60 ? 'failed' : 'fresh';
      return { name, word, reason: '', seconds: 2, run: null } as unknown as IStepState;
    });
    const [load, train] = foldedStates(states, groupsOf(graph, headings));
    expect([load?.word, load?.seconds]).toEqual(['fresh', 100]);
    expect(train?.word).toBe('failed');
  });

  it('draws 200 steps in one piece, each inside the drawing', () => {
    const drawing = place(graph, 'TB', kind => kind);
    expect(drawing.nodes).toHaveLength(200);
    expect(drawing.nodes.every(node => node.x >= 0 && node.y >= 0 && node.y < drawing.height)).toBe(
      true
    );
  });
});

describe('a graph with very many long edges', () => {
  const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
  const edges = names
    .slice(1)
    .flatMap((name, index) => [edge(`s${index}`, name), edge(`s${index >> 1}`, name, 'y')]);
  const drawing = place(graphOf(names, edges), 'TB', kind => kind);

  it('is drawn with all of them, each from its producer to its consumer', () => {
    const pairs = new Set(edges.map(one => `${one.producer} ${one.consumer}`));
    expect(drawing.edges).toHaveLength(pairs.size);
    const nodes = new Map(drawing.nodes.map(node => [node.name, node]));
    for (const { producer, consumer, points } of drawing.edges) {
      expect(points[0]?.y).toBeGreaterThanOrEqual(nodes.get(producer)?.y ?? Number.NaN);
      expect(nodes.get(producer)?.y).toBeLessThan(nodes.get(consumer)?.y ?? Number.NaN);
      expect(points.length).toBeGreaterThan(2);
    }
  });

  it('leaves out of the layout only what another way shows', () => {
    const ends = edges.map(({ producer, consumer }) => ({ producer, consumer }));
    const bowed = bowedEdges(ends);
    expect(bowed.size).toBeGreaterThan(100);
    expect([...bowed].some(one => edges[0]?.consumer === one.consumer)).toBe(false);
    expect(bowedEdges(ends.slice(0, 20)).size).toBe(0);
  });
});

it('an edge without a name is labelled by its kind', () => {
  const drawing = place(
    graphOf(['a', 'b'], [edge('a', 'b', '', 'order')]),
    'TB',
    kind => `<${kind}>`
  );
  expect(drawing.edges[0]?.label).toBe('<order>');
});
