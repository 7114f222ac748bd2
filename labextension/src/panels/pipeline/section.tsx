import { InputGroup, searchIcon } from '@jupyterlab/ui-components';
import {
  type KeyboardEvent,
  lazy,
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';
import type { IGraph } from '../../client/documents';
import { folded, foldedStates, groupsOf, isGroup } from '../../model/folding';
import { neighbours } from '../../model/graph-walk';
import type { IShownGraph } from '../../model/state';
import { filteredSteps, withOnly } from '../../model/step-filter';
import { stepStates } from '../../model/steps';
import { usePanel, usePipeline } from '../context';
import { useWidth } from '../width';
import { placeText } from '../words';
import { type Choice, ChoiceCard } from './card';
import type { IGraphProps } from './graph';
import { StepRow } from './step-box';

// A chunk of its own: nothing of the graph library is loaded before a graph is drawn.
const StepGraph = lazy(() => import('./graph'));

export type View = 'automatic' | 'graph' | 'list';

/** Fewer steps than these are seen at a glance. */
const FILTERED = 8;
const NARROW = 230;
const WIDE = 700;

/** The steps as a graph or, where that is narrow or there are very many, as a list. */
export function PipelineSection({ view }: { view: View }): JSX.Element {
  const { trans } = usePanel();
  const state = usePipeline();
  const steps = useMemo(() => stepStates(state), [state]);
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const isList = view === 'list' || (view === 'automatic' && width < NARROW);
  const { shown, unreadable, notebook } = state;
  const [choice, setChoice] = useState<Choice | null>(null);
  const path = notebook?.path;
  const [filter, setFilter] = useState('');
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const graph = shown?.graph ?? null;
  const found = useMemo(
    () => (graph && filter.trim() ? filteredSteps(graph, filter) : null),
    [graph, filter]
  );
  const drawn = useMemo(
    () => (shown && found ? { ...shown, graph: withOnly(shown.graph, found) } : shown),
    [shown, found]
  );
  const listed = useMemo(
    () => (found ? steps.filter(step => found.has(step.name)) : steps),
    [steps, found]
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was chosen in one notebook is not in the next
  useEffect(() => {
    setChoice(null);
    setFilter('');
    setUnfolded(new Set());
  }, [path]);
  return (
    <div className="jp-Stepmill-pipeline" ref={frame}>
      {unreadable && (
        <p className="jp-Stepmill-notice" data-tone="warn">
          {trans.__('As it was before: %1', unreadable.message)}
          {unreadable.cell !== null && ` (${placeText(unreadable.cell, unreadable.line, trans)})`}
        </p>
      )}
      {steps.length >= FILTERED && <StepFilter filter={filter} onFilter={setFilter} />}
      {found?.size === 0 && (
        <p className="jp-Stepmill-quiet">{trans.__('No step has “%1”.', filter.trim())}</p>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys go from one button inside to the next */}
      <div
        className="jp-Stepmill-steps"
        onKeyDown={event => walk(event, drawn?.graph ?? null, setChoice)}
      >
        {drawn && width > 0 && !isList && found?.size !== 0 && (
          <Suspense
            fallback={<p className="jp-Stepmill-quiet">{trans.__('Loading the graph…')}</p>}
          >
            <FoldingGraph
              shown={drawn}
              steps={listed}
              direction={width > WIDE ? 'LR' : 'TB'}
              isFaded={unreadable !== null}
              choice={choice}
              onChoose={setChoice}
              unfolded={unfolded}
              onUnfold={setUnfolded}
            />
          </Suspense>
        )}
        {shown && isList && (
          <ol
            className="jp-Stepmill-list"
            data-faded={unreadable !== null}
            aria-label={trans.__('Steps in order')}
          >
            {listed.map(step => (
              <li key={step.name}>
                <StepRow state={step} onChoose={setChoice} />
              </li>
            ))}
          </ol>
        )}
      </div>
      {shown && choice && (
        <ChoiceCard
          graph={shown.graph}
          steps={steps}
          choice={choice}
          onClose={() => setChoice(null)}
        />
      )}
    </div>
  );
}

function StepFilter({
  filter,
  onFilter
}: {
  filter: string;
  onFilter(filter: string): void;
}): JSX.Element {
  const { trans } = usePanel();
  return (
    <div className="jp-Stepmill-filter">
      <InputGroup
        type="search"
        rightIcon={searchIcon}
        placeholder={trans.__('Filter steps')}
        title={trans.__(
          'Names of steps or values; +name with all before it, name+ with all after it'
        )}
        aria-label={trans.__('Filter the steps')}
        value={filter}
        onChange={event => onFilter(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            onFilter('');
          }
        }}
      />
    </div>
  );
}

interface IFoldingProps extends Omit<IGraphProps, 'graph' | 'onChoose'> {
  shown: IShownGraph;
  onChoose(choice: Choice | null): void;
  /** The ids of the groups that are drawn step by step. */
  unfolded: ReadonlySet<string>;
  onUnfold(ids: ReadonlySet<string>): void;
}

/** The graph; of many steps, what belongs together is folded until one unfolds it. */
function FoldingGraph({
  shown,
  steps,
  onChoose,
  unfolded,
  onUnfold,
  ...others
}: IFoldingProps): JSX.Element {
  const { trans } = usePanel();
  const { graph, headings } = shown;
  const groups = useMemo(() => groupsOf(graph, headings), [graph, headings]);
  const closed = useMemo(() => groups.filter(group => !unfolded.has(group.id)), [groups, unfolded]);
  const drawn = useMemo(() => (closed.length ? folded(graph, closed) : graph), [graph, closed]);
  const states = useMemo(
    () => (closed.length ? foldedStates(steps, closed) : steps),
    [steps, closed]
  );
  const choose = useCallback(
    (choice: Choice | null) => {
      if (choice && 'step' in choice && isGroup(choice.step)) {
        onUnfold(new Set([...unfolded, choice.step]));
      } else {
        onChoose(choice);
      }
    },
    [onChoose, onUnfold, unfolded]
  );
  const link = (text: string, opened: string[]) => (
    <button
      type="button"
      className="jp-Stepmill-link"
      onClick={() => {
        onChoose(null);
        onUnfold(new Set(opened));
      }}
    >
      {text}
    </button>
  );
  return (
    <>
      {groups.length > 0 && (
        <p className="jp-Stepmill-folding">
          {closed.length > 0 &&
            link(
              trans.__('Unfold all'),
              groups.map(group => group.id)
            )}
          {closed.length < groups.length && link(trans.__('Fold'), [])}
        </p>
      )}
      <StepGraph graph={drawn} steps={states} onChoose={choose} {...others} />
    </>
  );
}

/**
 * Up and Down go to the step before and after in the notebook's order, Left and Right along an edge;
 * Space tells about the step, where Enter goes to its cell; Escape closes what is told; / goes to the filter.
 */
function walk(
  event: KeyboardEvent<HTMLElement>,
  graph: IGraph | null,
  choose: (choice: Choice | null) => void
): void {
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-step]')];
  const at = buttons.indexOf(document.activeElement as HTMLElement);
  const name = buttons[at]?.dataset.step;
  if (!graph || !name) {
    return;
  }
  const along = (side: 'before' | 'after') => {
    const [first] = neighbours(graph, name, side);
    return buttons.find(button => button.dataset.step === first);
  };
  const box = event.currentTarget.parentElement?.querySelector<HTMLElement>('input[type="search"]');
  const targets: Record<string, () => HTMLElement | undefined> = {
    '/': () => box ?? undefined,
    ArrowDown: () => buttons[at + 1],
    ArrowUp: () => buttons[at - 1],
    ArrowRight: () => along('after'),
    ArrowLeft: () => along('before'),
    Home: () => buttons[0],
    End: () => buttons.at(-1)
  };
  if (event.key === ' ' || event.key === 'Escape') {
    choose(event.key === ' ' ? { step: name } : null);
  } else if (!(event.key in targets)) {
    return;
  }
  event.preventDefault();
  targets[event.key]?.()?.focus();
}
