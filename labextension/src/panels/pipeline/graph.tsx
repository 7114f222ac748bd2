import {
  BaseEdge,
  Controls,
  EdgeLabelRenderer,
  type EdgeProps,
  getViewportForBounds,
  Handle,
  type NodeProps,
  Position,
  ReactFlow,
  useReactFlow,
  useStore,
  type Viewport
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { memo, useCallback, useEffect, useMemo, useRef } from 'react';
import type { IGraph } from '../../client/documents';
import type { IStepState } from '../../model/steps';
import { usePanel } from '../context';
import { edgeKindText } from '../words';
import type { Choice } from './card';
import {
  edgesOf,
  type FlowEdge,
  idOf,
  isSameEdge,
  isSameNode,
  nameOf,
  nodesOf,
  type OnChoose,
  type StepNode,
  saysTheSame
} from './drawn';
import { useKept } from './kept';
import {
  type Direction,
  type IPlacedEdge,
  type IPlacedGraph,
  type IPlacedNode,
  NODE_HEIGHT,
  pathThrough,
  place,
  shapeOf
} from './layout';
import { StepBox } from './step-box';

export interface IGraphProps {
  graph: IGraph;
  steps: readonly IStepState[];
  direction: Direction;
  isFaded: boolean;
  choice: Choice | null;
  onChoose: OnChoose;
}

/** The default export, because this module is a chunk of its own that is loaded when first drawn. */
export default function StepGraph({
  graph,
  steps: fresh,
  direction,
  isFaded,
  choice,
  onChoose
}: IGraphProps): JSX.Element {
  const { trans } = usePanel();
  const steps = useKept(fresh, nameOf, saysTheSame);
  const shape = shapeOf(graph);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` is all of `graph` that the layout reads
  const placed = useMemo(
    () => place(graph, direction, kind => edgeKindText(kind, trans)),
    [shape, direction]
  );
  const nodes = useKept(
    useMemo(
      () => nodesOf(placed, steps, direction, onChoose),
      [placed, steps, direction, onChoose]
    ),
    idOf,
    isSameNode
  );
  const edges = useKept(
    useMemo(() => edgesOf(placed, steps, choice, onChoose), [placed, steps, choice, onChoose]),
    idOf,
    isSameEdge
  );
  return (
    <ReactFlow
      className={isFaded ? 'jp-Stepmill-graph jp-mod-faded' : 'jp-Stepmill-graph'}
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      onEdgeClick={(_, edge) => onChoose({ producer: edge.source, consumer: edge.target })}
      deleteKeyCode={null}
      disableKeyboardA11y
      panOnScroll
      zoomOnScroll={false}
      zoomOnDoubleClick={false}
      minZoom={MIN_ZOOM}
      maxZoom={1.5}
      aria-label={trans.__('Graph of the steps')}
      ariaLabelConfig={{
        'controls.ariaLabel': trans.__('Zoom'),
        'controls.zoomIn.ariaLabel': trans.__('Zoom in'),
        'controls.zoomOut.ariaLabel': trans.__('Zoom out'),
        'controls.fitView.ariaLabel': trans.__('Show the whole graph')
      }}
    >
      <UnreadLines />
      <Refit placed={placed} isHeld={choice !== null} />
      <FollowFocus placed={placed} chosen={choice && 'step' in choice ? choice.step : ''} />
      <Controls
        showInteractive={false}
        fitViewOptions={{ padding: PADDING, maxZoom: 1 }}
        aria-label={trans.__('Zoom')}
      />
    </ReactFlow>
  );
}

/** Keeps screen readers from the lines, which are pictures without a name: their labels are buttons that tell. */
function UnreadLines(): null {
  const frame = useStore(state => state.domNode);
  useEffect(() => {
    frame?.querySelector('.react-flow__edges')?.setAttribute('aria-hidden', 'true');
  }, [frame]);
  return null;
}

const PADDING = 0.04;
const TOP = 12;
const MIN_ZOOM = 0.1;
const READABLE_ZOOM = 0.6;
const NODE_TYPES = { step: memo(StepNodeView) };
const EDGE_TYPES = { flow: memo(FlowEdgeView) };

function StepNodeView({ data }: NodeProps<StepNode>): JSX.Element {
  const isDown = data.direction === 'TB';
  return (
    <>
      <Handle
        type="target"
        position={isDown ? Position.Top : Position.Left}
        isConnectable={false}
      />
      <StepBox state={data.state} onChoose={data.onChoose} />
      <Handle
        type="source"
        position={isDown ? Position.Bottom : Position.Right}
        isConnectable={false}
      />
    </>
  );
}

/** The library's own labels measure themselves once, and stay unseen if the panel was hidden then. */
function FlowEdgeView({ id, data }: EdgeProps<FlowEdge>): JSX.Element | null {
  if (!data) {
    return null;
  }
  const { placed, isBusy, isChosen, onChoose } = data;
  const { x, y } = placed.labelAt;
  const kinds = new Set(placed.edges.map(edge => edge.kind));
  return (
    <>
      <BaseEdge
        id={id}
        path={pathThrough(placed.points)}
        className="jp-Stepmill-edge"
        data-kind={kinds.has('data') ? 'data' : [...kinds][0]}
        data-busy={isBusy}
        data-chosen={isChosen}
        data-doubtful={placed.edges.some(edge => edge.doubtful)}
      />
      {placed.label && (
        <EdgeLabelRenderer>
          <EdgeLabel
            placed={placed}
            onChoose={onChoose}
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          />
        </EdgeLabelRenderer>
      )}
    </>
  );
}

function EdgeLabel({
  placed,
  onChoose,
  style
}: {
  placed: IPlacedEdge;
  onChoose: OnChoose;
  style: React.CSSProperties;
}): JSX.Element {
  const { trans } = usePanel();
  const names = placed.edges.map(edge =>
    edge.kind === 'data' ? edge.name : edgeKindText(edge.kind, trans)
  );
  const lines = placed.edges.map(edge => {
    const [from, to] = edge.evidence;
    const places =
      from && to
        ? trans.__('cell [%1] line %2 → cell [%3] line %4', from.cell, from.line, to.cell, to.line)
        : trans.__('no line to show');
    const doubt = edge.doubtful ? trans.__(' (not certain)') : '';
    return edge.kind === 'data'
      ? `${edge.name}: ${places}${doubt}`
      : `${edge.name} (${edgeKindText(edge.kind, trans)}): ${places}${doubt}`;
  });
  return (
    <button
      type="button"
      tabIndex={-1} // the card of a step tells the same to the keyboard
      className="jp-Stepmill-edgeLabel nodrag nopan"
      style={style}
      title={lines.join('\n')}
      aria-label={trans.__(
        '%1: from %2 to %3',
        [...new Set(names)].join(', '),
        placed.producer,
        placed.consumer
      )}
      onClick={() => onChoose({ producer: placed.producer, consumer: placed.consumer })}
    >
      {placed.label}
    </button>
  );
}

/**
 * The panel opens at size 0 and is resized: fit again each time it has a new size or a new layout.
 * While a card takes height from it, it stays as large as it was.
 */
function Refit({ placed, isHeld }: { placed: IPlacedGraph; isHeld: boolean }): null {
  const { setViewport } = useReactFlow();
  const width = useStore(store => store.width);
  const height = useStore(store => store.height);
  const fitted = useRef<{ placed: IPlacedGraph; width: number } | null>(null);
  useEffect(() => {
    const isKnown = fitted.current?.placed === placed && fitted.current.width === width;
    if (width > 0 && height > 0 && !(isHeld && isKnown)) {
      fitted.current = { placed, width };
      void setViewport(viewportOf(placed, width, height));
    }
  }, [width, height, placed, isHeld, setViewport]);
  return null;
}

/** Bring the step that the keyboard goes to, or that is chosen, into view. */
function FollowFocus({ placed, chosen }: { placed: IPlacedGraph; chosen: string }): null {
  const { setViewport, getViewport } = useReactFlow();
  const frame = useStore(store => store.domNode);
  const height = useStore(store => store.height);
  const show = useCallback(
    (name: string | undefined) => {
      const node = placed.nodes.find(one => one.name === name);
      if (node && frame) {
        const view = getViewport();
        const moved = seeing(node, view, frame.clientWidth, frame.clientHeight);
        if (moved !== view) {
          void setViewport(moved);
        }
      }
    },
    [placed, frame, getViewport, setViewport]
  );
  useEffect(() => {
    const follow = (event: FocusEvent) => show((event.target as HTMLElement).dataset.step);
    frame?.addEventListener('focusin', follow);
    return () => frame?.removeEventListener('focusin', follow);
  }, [frame, show]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new height may have left it out of view
  useEffect(() => show(chosen), [show, chosen, height]);
  return null;
}

/** The view moved so that a step is in its middle, along each axis on which it is out of view; else as it is. */
function seeing(node: IPlacedNode, view: Viewport, width: number, height: number): Viewport {
  const x = along(node.x * view.zoom + view.x, node.width * view.zoom, width);
  const y = along(node.y * view.zoom + view.y, NODE_HEIGHT * view.zoom, height);
  return x || y ? { ...view, x: view.x + x, y: view.y + y } : view;
}

function along(start: number, size: number, frame: number): number {
  return start >= 0 && start + size <= frame ? 0 : (frame - size) / 2 - start;
}

/**
 * All of the graph if its names can be read then; else its beginning, and the rest by scrolling.
 * `fitView` sees to the nodes alone, but edges go around them.
 */
function viewportOf(placed: IPlacedGraph, width: number, height: number): Viewport {
  if (fits(placed, width, height)) {
    return whole(placed, width, height);
  }
  const zoom = Math.min(1, Math.max(READABLE_ZOOM, (width * (1 - 2 * PADDING)) / placed.width));
  return { zoom, x: startOf(placed, zoom, width), y: height * PADDING };
}

/** Where a graph begins from the left: in the middle, or so that the first step of a wide one is seen. */
function startOf(placed: IPlacedGraph, zoom: number, width: number): number {
  const edge = width * PADDING;
  const room = width - placed.width * zoom;
  const [first] = [...placed.nodes].sort((one, other) => one.y - other.y || one.x - other.x);
  if (room >= 2 * edge || !first) {
    return Math.max(edge, room / 2);
  }
  const centred = (width - first.width * zoom) / 2 - first.x * zoom;
  return Math.min(edge, Math.max(room - edge, centred));
}

/** Whether all of the graph can be shown so that its names can be read. */
function fits(placed: IPlacedGraph, width: number, height: number): boolean {
  return whole(placed, width, height).zoom >= READABLE_ZOOM;
}

function whole(placed: IPlacedGraph, width: number, height: number): Viewport {
  const bounds = { x: 0, y: 0, width: placed.width, height: placed.height };
  const view = getViewportForBounds(bounds, width, height, MIN_ZOOM, 1, PADDING);
  return { ...view, y: Math.min(view.y, TOP) }; // what is read from the top begins there
}
