import { Graph, layout } from '@dagrejs/dagre';
import type { EdgeKind, IEdge, IGraph, IStep } from '../../client/documents';
import { withAfter } from '../../model/graph-walk';
import { shortened, shortList } from '../short-list';
import { bow, bowedEdges } from './bowed';

export const NODE_HEIGHT = 46;
const LEAST_WIDTH = 128;
const MOST_WIDTH = 200;
const NAME_CHARACTER_WIDTH = 8;
const NAME_PADDING = 22;
const LABEL_CHARACTERS = 15;
const LONGEST_LABEL = 26;
const CHARACTER_WIDTH = 5.6;
const LABEL_HEIGHT = 16;

export type Direction = 'TB' | 'LR';

export interface IPoint {
  x: number;
  y: number;
}

export interface IPlacedNode extends IPoint {
  name: string;
  width: number;
}

/** All edges between two steps, drawn as one. */
export interface IPlacedEdge {
  producer: string;
  consumer: string;
  edges: IEdge[];
  label: string;
  points: IPoint[];
  labelAt: IPoint;
}

export interface IPlacedGraph {
  nodes: IPlacedNode[];
  edges: IPlacedEdge[];
  /** Of the whole drawing, edges and their names included. */
  width: number;
  height: number;
}

/** What the layout depends on; equal texts have equal layouts. */
export function shapeOf(graph: IGraph): string {
  const edges = graph.edge_details.map(({ producer, consumer, name, kind }) => [
    producer,
    consumer,
    name,
    kind
  ]);
  return JSON.stringify([graph.steps.map(step => step.name), edges]);
}

/** Place steps in layers, with room for the names on the edges. */
export function place(
  graph: IGraph,
  direction: Direction,
  wordOf: (kind: EdgeKind) => string
): IPlacedGraph {
  const drawing = new Graph({ multigraph: false }).setGraph({
    rankdir: direction,
    nodesep: 14,
    edgesep: 10,
    ranksep: direction === 'TB' ? 18 : 26
  });
  for (const step of graph.steps) {
    drawing.setNode(step.name, { width: widthOf(step), height: NODE_HEIGHT });
  }
  const bundles = needed(bundled(graph.edge_details, wordOf));
  const bowed = bowedEdges(bundles);
  for (const bundle of bundles.filter(one => !bowed.has(one))) {
    const { producer, consumer, label } = bundle;
    const width = label.length * CHARACTER_WIDTH + 8;
    drawing.setEdge(producer, consumer, { width, height: LABEL_HEIGHT, labelpos: 'c' });
  }
  layout(drawing);
  const { width = 0, height = 0 } = drawing.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: graph.steps.map(step => {
      const { name } = step;
      const { x, y } = drawing.node(name) as IPoint;
      const own = widthOf(step);
      return { name, width: own, x: x - own / 2, y: y - NODE_HEIGHT / 2 };
    }),
    edges: bundles.map(bundle => {
      if (bowed.has(bundle)) {
        const ends = [bundle.producer, bundle.consumer].map(name => drawing.node(name) as IPoint);
        return { ...bundle, ...bow(ends, direction) };
      }
      const { points, x, y } = drawing.edge(bundle.producer, bundle.consumer) as IPoint & {
        points: IPoint[];
      };
      return { ...bundle, points, labelAt: { x, y } };
    })
  };
}

/** As wide as its name, so far as there is room. */
function widthOf({ name, title = name }: IStep): number {
  const wanted = title.length * NAME_CHARACTER_WIDTH + NAME_PADDING;
  return Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, wanted));
}

/** Without the edges that carry no value and order only what others order already. */
function needed<T extends Pick<IPlacedEdge, 'producer' | 'consumer' | 'edges'>>(bundles: T[]): T[] {
  const reached = new Map<string, ReadonlySet<string>>();
  const after = (name: string) => {
    const known = reached.get(name) ?? withAfter({ edge_details: bundles }, name);
    reached.set(name, known);
    return known;
  };
  const next = new Map<string, string[]>();
  for (const { producer, consumer } of bundles) {
    next.set(producer, [...(next.get(producer) ?? []), consumer]);
  }
  const isOrdered = ({ producer, consumer }: T) =>
    !after(consumer).has(producer) && // in a circle every edge tells
    (next.get(producer) ?? []).some(name => name !== consumer && after(name).has(consumer));
  return bundles.filter(
    bundle => bundle.edges.some(edge => edge.kind === 'data') || !isOrdered(bundle)
  );
}

/** A smooth SVG path through the points of an edge: straight ends, rounded corners. */
export function pathThrough(points: readonly IPoint[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first || !last) {
    return '';
  }
  const middles = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] ?? last;
    return `Q ${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return [`M ${first.x},${first.y}`, ...middles, `L ${last.x},${last.y}`].join(' ');
}

function bundled(edges: readonly IEdge[], wordOf: (kind: EdgeKind) => string) {
  const bundles = new Map<string, { producer: string; consumer: string; edges: IEdge[] }>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.producer, edge.consumer]);
    const bundle = bundles.get(key) ?? {
      producer: edge.producer,
      consumer: edge.consumer,
      edges: []
    };
    bundle.edges.push(edge);
    bundles.set(key, bundle);
  }
  return [...bundles.values()].map(bundle => {
    const names = bundle.edges.map(edge => nameOf(edge, wordOf));
    return {
      ...bundle,
      label: shortened(shortList([...new Set(names)], LABEL_CHARACTERS), LONGEST_LABEL)
    };
  });
}

/** A file that is not known by its name is called "?" by the analysis. */
function nameOf(edge: IEdge, wordOf: (kind: EdgeKind) => string): string {
  return edge.name && edge.name !== '?' ? edge.name : wordOf(edge.kind);
}
