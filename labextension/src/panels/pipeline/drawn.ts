import { type Edge, type Node, Position } from '@xyflow/react';
import type { IStepState } from '../../model/steps';
import type { Choice } from './card';
import { type Direction, type IPlacedEdge, type IPlacedGraph, NODE_HEIGHT } from './layout';

export type OnChoose = (choice: Choice) => void;
export type StepNode = Node<
  { state: IStepState; direction: Direction; onChoose: OnChoose },
  'step'
>;
export type FlowEdge = Edge<
  { placed: IPlacedEdge; isBusy: boolean; isChosen: boolean; onChoose: OnChoose },
  'flow'
>;

/**
 * Sizes and handles are known, and said: new node objects without `measured` and `handles` are
 * measured again in the DOM, edges vanish at each event, and the view is never fitted.
 */
export function nodesOf(
  placed: IPlacedGraph,
  steps: readonly IStepState[],
  direction: Direction,
  onChoose: OnChoose
): StepNode[] {
  const states = new Map(steps.map(state => [state.name, state]));
  return placed.nodes.flatMap(({ name, x, y, width }) => {
    const state = states.get(name);
    return state
      ? [
          {
            id: name,
            type: 'step' as const,
            position: { x, y },
            width,
            height: NODE_HEIGHT,
            measured: { width, height: NODE_HEIGHT },
            handles: handles(direction, width),
            data: { state, direction, onChoose }
          }
        ]
      : [];
  });
}

function handles(direction: Direction, width: number) {
  const isDown = direction === 'TB';
  const point = { width: 1, height: 1, id: null };
  return [
    {
      ...point,
      type: 'target' as const,
      position: isDown ? Position.Top : Position.Left,
      x: isDown ? width / 2 : 0,
      y: isDown ? 0 : NODE_HEIGHT / 2
    },
    {
      ...point,
      type: 'source' as const,
      position: isDown ? Position.Bottom : Position.Right,
      x: isDown ? width / 2 : width,
      y: isDown ? NODE_HEIGHT : NODE_HEIGHT / 2
    }
  ];
}

export function edgesOf(
  placed: IPlacedGraph,
  steps: readonly IStepState[],
  choice: Choice | null,
  onChoose: OnChoose
): FlowEdge[] {
  const isChosen = (edge: IPlacedEdge) =>
    choice !== null &&
    ('step' in choice
      ? choice.step === edge.producer || choice.step === edge.consumer
      : choice.producer === edge.producer && choice.consumer === edge.consumer);
  const busy = new Set(steps.filter(state => state.word === 'running').map(state => state.name));
  return placed.edges.map(edge => ({
    id: JSON.stringify([edge.producer, edge.consumer]),
    type: 'flow' as const,
    source: edge.producer,
    target: edge.consumer,
    data: {
      placed: edge,
      isBusy: busy.has(edge.consumer),
      isChosen: isChosen(edge),
      onChoose
    }
  }));
}

export const nameOf = (state: IStepState) => state.name;
export const idOf = (drawn: { id: string }) => drawn.id;
/** Analyses are read anew from the server each time: their steps are compared by what is in them. */
export const saysTheSame = (one: IStepState, other: IStepState) =>
  JSON.stringify(one) === JSON.stringify(other);
export const isSameNode = ({ data, ...one }: StepNode, { data: other, ...another }: StepNode) =>
  data.state === other.state &&
  data.direction === other.direction &&
  data.onChoose === other.onChoose &&
  one.width === another.width &&
  one.position.x === another.position.x &&
  one.position.y === another.position.y;
export const isSameEdge = ({ data: one }: FlowEdge, { data: other }: FlowEdge) =>
  one?.placed === other?.placed &&
  one?.isBusy === other?.isBusy &&
  one?.isChosen === other?.isChosen &&
  one?.onChoose === other?.onChoose;
