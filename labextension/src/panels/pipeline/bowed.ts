import { withAfter } from '../../model/graph-walk';
import type { Direction, IPoint } from './layout';

interface IEnds {
  producer: string;
  consumer: string;
}

/** Layers that edges may cross, all together; above that the layout takes seconds. */
const MOST_CROSSED = 400;
const HALF = { width: 66, height: 23 };

/**
 * The edges that the layout leaves out where very many cross many layers: those that jump over
 * layers between steps that other edges lead through anyway, so that they point the right way still.
 */
export function bowedEdges<T extends IEnds>(edges: readonly T[]): ReadonlySet<T> {
  const layer = layers(edges);
  const jump = ({ producer, consumer }: IEnds) =>
    (layer.get(consumer) ?? 0) - (layer.get(producer) ?? 0) - 1;
  const crossed = edges.reduce((sum, edge) => sum + Math.max(0, jump(edge)), 0);
  const bowed = new Set<T>();
  if (crossed <= MOST_CROSSED) {
    return bowed;
  }
  for (const edge of edges.filter(one => jump(one) > 0)) {
    const others = edges.filter(one => one !== edge && !bowed.has(one));
    if (withAfter({ edge_details: others }, edge.producer).has(edge.consumer)) {
      bowed.add(edge);
    }
  }
  return bowed;
}

/** A way around what stands between two steps, given by their middles. */
export function bow(ends: readonly IPoint[], direction: Direction) {
  const [from = { x: 0, y: 0 }, to = from] = ends;
  const isDown = direction === 'TB';
  const middle = isDown
    ? { x: Math.max(from.x, to.x) + HALF.width + 12, y: (from.y + to.y) / 2 }
    : { x: (from.x + to.x) / 2, y: Math.max(from.y, to.y) + HALF.height + 12 };
  const start = isDown
    ? { x: from.x, y: from.y + HALF.height }
    : { x: from.x + HALF.width, y: from.y };
  const end = isDown ? { x: to.x, y: to.y - HALF.height } : { x: to.x - HALF.width, y: to.y };
  return { points: [start, middle, end], labelAt: middle };
}

/** How many edges the longest way to each step has; the edges of a circle count once. */
function layers(edges: readonly IEnds[]): ReadonlyMap<string, number> {
  const into = new Map<string, string[]>();
  for (const { producer, consumer } of edges) {
    into.set(consumer, [...(into.get(consumer) ?? []), producer]);
  }
  const found = new Map<string, number>();
  const layerOf = (name: string): number => {
    const known = found.get(name);
    if (known !== undefined) {
      return known;
    }
    found.set(name, 0);
    const before = (into.get(name) ?? []).map(one => layerOf(one) + 1);
    const layer = Math.max(0, ...before);
    found.set(name, layer);
    return layer;
  };
  for (const name of into.keys()) {
    layerOf(name);
  }
  return found;
}

/** How many layers steps with these edges have. */
export function depthOf(edges: readonly IEnds[]): number {
  return Math.max(0, ...layers(edges).values()) + 1;
}
