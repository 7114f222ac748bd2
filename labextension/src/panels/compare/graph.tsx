import { Graph, layout } from '@dagrejs/dagre';
import { caretRightIcon, checkIcon, errorIcon, type LabIcon } from '@jupyterlab/ui-components';
import { useMemo, useRef } from 'react';
import type { IComparedStep, IComparison } from '../../client/past';
import { edgesOf } from '../../model/comparison';
import { pathThrough } from '../pipeline/layout';
import { useView } from '../view-widget';
import { useWidth } from '../width';
import type { Tone } from '../words';

const WIDTH = 148;
const HEIGHT = 44;
const MARGIN = 6;
/** Smaller than this it is scrolled. */
const SMALLEST = 0.72;

interface IPoint {
  x: number;
  y: number;
}

/** The steps of the runs, by where they stand: the first that diverged stands out. A click shows the step. */
export function CompareGraph({
  found,
  path
}: {
  found: IComparison;
  path: string;
}): JSX.Element | null {
  const { trans } = useView();
  const drawing = useMemo(() => placed(found.steps), [found.steps]);
  const frame = useRef<HTMLElement>(null);
  const width = useWidth(frame);
  const last = found.runs.at(-1);
  if (!found.steps.length || !last) {
    return null;
  }
  return (
    <section
      ref={frame}
      className="jp-Stepmill-wide"
      aria-label={trans.__('Steps, by where they diverged')}
    >
      <div
        className="jp-Stepmill-compareGraph"
        style={{
          width: drawing.width,
          height: drawing.height,
          zoom: width ? Math.min(1, Math.max(SMALLEST, width / drawing.width)) : 1
        }}
      >
        <svg width={drawing.width} height={drawing.height} aria-hidden="true">
          {drawing.edges.map(edge => (
            <path
              key={edge.key}
              className="jp-Stepmill-edge"
              fill="none"
              d={pathThrough(edge.points)}
            />
          ))}
        </svg>
        {found.steps.map(step => (
          <StepMark
            key={step.name}
            step={step}
            isFirst={step.name === found.diverged}
            at={drawing.nodes[step.name] ?? { x: 0, y: 0 }}
            path={path}
            run={last.run_id}
          />
        ))}
      </div>
    </section>
  );
}

function StepMark({
  step,
  isFirst,
  at,
  path,
  run
}: {
  step: IComparedStep;
  isFirst: boolean;
  at: IPoint;
  path: string;
  run: string;
}): JSX.Element {
  const { trans, execute } = useView();
  const marks: Record<string, { icon: LabIcon; word: string; tone: Tone }> = {
    first: { icon: errorIcon, word: trans.__('diverged first'), tone: 'bad' },
    diverged: { icon: errorIcon, word: trans.__('diverged as well'), tone: 'warn' },
    followed: { icon: caretRightIcon, word: trans.__('differs as a result'), tone: 'warn' },
    same: { icon: checkIcon, word: trans.__('the same'), tone: 'good' }
  };
  const mark = marks[isFirst ? 'first' : step.divergence] ?? marks.same;
  const because = step.causes.map(cause => cause.text).join('; ');
  return (
    <button
      type="button"
      className="jp-Stepmill-step jp-Stepmill-compareStep"
      data-step={step.name}
      data-divergence={isFirst ? 'first' : step.divergence}
      data-tone={mark?.tone}
      style={{ left: at.x, top: at.y, width: WIDTH, height: HEIGHT }}
      title={because || mark?.word}
      aria-label={[trans.__('Step %1', step.name), mark?.word, because].filter(Boolean).join(', ')}
      onClick={() => execute('stepmill:show-step', { path, run, step: step.name })}
    >
      <span className="jp-Stepmill-stepName">{step.name}</span>
      <span className="jp-Stepmill-stepState">
        <span className="jp-Stepmill-mark" data-tone={mark?.tone}>
          {mark && <mark.icon.react tag="span" aria-hidden="true" />}
          <span>{mark?.word}</span>
        </span>
      </span>
    </button>
  );
}

function placed(steps: readonly IComparedStep[]) {
  const drawing = new Graph({ multigraph: false }).setGraph({
    rankdir: 'LR',
    nodesep: 12,
    ranksep: 34,
    marginx: MARGIN,
    marginy: MARGIN
  });
  for (const step of steps) {
    drawing.setNode(step.name, { width: WIDTH, height: HEIGHT });
  }
  const edges = edgesOf(steps);
  for (const { producer, consumer } of edges) {
    drawing.setEdge(producer, consumer, {});
  }
  layout(drawing);
  const { width = 0, height = 0 } = drawing.graph() as { width?: number; height?: number };
  const nodes: Record<string, IPoint> = {};
  for (const { name } of steps) {
    const { x, y } = drawing.node(name) as IPoint;
    nodes[name] = { x: x - WIDTH / 2, y: y - HEIGHT / 2 };
  }
  return {
    width,
    height,
    nodes,
    edges: edges.map(({ producer, consumer }) => ({
      key: JSON.stringify([producer, consumer]),
      points: (drawing.edge(producer, consumer) as { points: IPoint[] }).points
    }))
  };
}
