import {
  type KeyboardEvent,
  lazy,
  Suspense,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from 'react';
import { stepStates } from '../../model/steps';
import { usePanel, usePipeline } from '../context';
import { placeText } from '../words';
import { StepRow } from './step-box';

// A chunk of its own: nothing of the graph library is loaded before a graph is drawn.
const StepGraph = lazy(() => import('./graph'));

export type View = 'automatic' | 'graph' | 'list';

const NARROW = 230;
const WIDE = 700;
const MANY_STEPS = 150;

/** The steps as a graph or, where that is narrow or there are very many, as a list. */
export function PipelineSection({ view }: { view: View }): JSX.Element {
  const { trans } = usePanel();
  const state = usePipeline();
  const steps = useMemo(() => stepStates(state), [state]);
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const isList =
    view === 'list' || (view === 'automatic' && (width < NARROW || steps.length > MANY_STEPS));
  const { shown, unreadable } = state;
  return (
    <div className="jp-Stepmill-pipeline" ref={frame}>
      {unreadable && (
        <p className="jp-Stepmill-notice" data-tone="warn">
          {trans.__('As it was before: %1', unreadable.message)}
          {unreadable.cell !== null && ` (${placeText(unreadable.cell, unreadable.line, trans)})`}
        </p>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys go from one button inside to the next */}
      <div className="jp-Stepmill-steps" onKeyDown={walk}>
        {shown && width > 0 && !isList && (
          <Suspense
            fallback={<p className="jp-Stepmill-quiet">{trans.__('Loading the graph…')}</p>}
          >
            <StepGraph
              graph={shown.graph}
              steps={steps}
              direction={width > WIDE ? 'LR' : 'TB'}
              isFaded={unreadable !== null}
            />
          </Suspense>
        )}
        {shown && isList && (
          <ol
            className="jp-Stepmill-list"
            data-faded={unreadable !== null}
            aria-label={trans.__('Steps in order')}
          >
            {steps.map(step => (
              <li key={step.name}>
                <StepRow state={step} />
              </li>
            ))}
          </ol>
        )}
      </div>
    </div>
  );
}

/** Up and Down go to the step before and after, in the notebook's order. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) {
    return;
  }
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-step]')];
  const at = buttons.indexOf(document.activeElement as HTMLElement);
  const next = buttons[at + by];
  if (at >= 0 && next) {
    event.preventDefault();
    next.focus();
  }
}

function useWidth(element: React.RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const node = element.current;
    if (!node) {
      return;
    }
    const observer = new ResizeObserver(() => setWidth(node.clientWidth));
    observer.observe(node);
    setWidth(node.clientWidth);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
