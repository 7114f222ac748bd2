import { Time } from '@jupyterlab/coreutils';
import { caretDownIcon, caretUpIcon, InputGroup, searchIcon } from '@jupyterlab/ui-components';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { IPastRun } from '../../client/past';
import {
  columnsOf,
  FEWEST_COMPARED,
  filtered,
  inOrder,
  MOST_COMPARED,
  metricText,
  resorted,
  sorted
} from '../../model/past-runs';
import type { IRunsState } from '../../model/runs-model';
import { usePanel, usePipeline } from '../context';
import { Mark } from '../mark';
import { ProblemCard } from '../problem-card';
import { Said } from '../said';
import { durationText, runMark } from '../words';
import { openColumnMenu, openRunMenu } from './menu';

/** Past runs, each by what it changed: filter, sort, tick two to eight and compare them. */
export function RunsSection(): JSX.Element {
  const { trans, runs: model } = usePanel();
  const state = useRuns();
  const { runsProblem, serverProblem } = usePipeline();
  const problem = state.problem ?? runsProblem;
  if (problem && !(problem.isOfServer && serverProblem)) {
    return <ProblemCard title={trans.__('The runs could not be read')} problem={problem} />;
  }
  if (!state.runs) {
    return (
      <p className="jp-Stepmill-quiet">
        {serverProblem
          ? trans.__('The runs could not be read; what is wrong stands at the top.')
          : trans.__('Reading the runs…')}
      </p>
    );
  }
  return (
    <div className="jp-Stepmill-runs">
      {state.refusal && (
        <ProblemCard title={trans.__('The list of runs is as it was')} problem={state.refusal} />
      )}
      {state.runs.length > 0 ? (
        <>
          <Bar state={state} />
          <RunList state={state} />
        </>
      ) : (
        <p className="jp-Stepmill-quiet">
          <Said
            text={trans.__('No runs yet. Press Run above, or use `stepmill run` in a terminal.')}
          />
        </p>
      )}
      {state.total > state.runs.length && (
        <p className="jp-Stepmill-quiet">
          <Said
            text={trans.__(
              'The newest %1 of %2 runs; `stepmill runs` in a terminal lists all.',
              state.runs.length,
              state.total
            )}
          />
        </p>
      )}
      {(state.chosen.length > 0 || state.deleted.length > 0) && (
        <div className="jp-Stepmill-atHand">
          <Deleted state={state} />
          {state.chosen.length > 0 && <Chosen state={state} onNone={() => model.chooseNone()} />}
        </div>
      )}
    </div>
  );
}

function useRuns(): IRunsState {
  const { runs } = usePanel();
  const subscribe = useCallback(
    (notify: () => void) => {
      runs.stateChanged.connect(notify);
      return () => {
        runs.stateChanged.disconnect(notify);
      };
    },
    [runs]
  );
  return useSyncExternalStore(subscribe, () => runs.state);
}

function Deleted({ state }: { state: IRunsState }): JSX.Element | null {
  const { trans, runs } = usePanel();
  if (!state.deleted.length) {
    return null;
  }
  return (
    <p className="jp-Stepmill-notice jp-Stepmill-undo" role="status">
      <span>{trans._n('%1 run deleted.', '%1 runs deleted.', state.deleted.length)}</span>
      <button type="button" className="jp-Stepmill-link" onClick={() => void runs.undo()}>
        {trans.__('Undo')}
      </button>
      <button type="button" className="jp-Stepmill-link" onClick={() => runs.dismiss()}>
        {trans.__('Dismiss')}
      </button>
    </p>
  );
}

function Bar({ state }: { state: IRunsState }): JSX.Element {
  const { trans, runs } = usePanel();
  return (
    <div className="jp-Stepmill-runsBar">
      <InputGroup
        type="search"
        rightIcon={searchIcon}
        placeholder={trans.__('Filter: alpha=0.3 failed')}
        aria-label={trans.__('Filter the runs')}
        value={state.filter}
        onChange={event => {
          runs.filter = event.target.value;
        }}
      />
      <button
        type="button"
        className="jp-Button jp-mod-styled"
        aria-haspopup="menu"
        title={trans.__('Choose the metrics that are shown')}
        onClick={event => openColumnMenu(event.currentTarget, runs, trans)}
      >
        {trans.__('Metrics')}
      </button>
    </div>
  );
}

function RunList({ state }: { state: IRunsState }): JSX.Element {
  const { trans } = usePanel();
  const { runs, filter, sort, columns } = state;
  const shown = useMemo(() => sorted(filtered(runs ?? [], filter), sort), [runs, filter, sort]);
  const metrics = useMemo(() => columnsOf(runs ?? [], columns), [runs, columns]);
  if (!shown.length) {
    return <p className="jp-Stepmill-quiet">{trans.__('No run has all of “%1”.', filter)}</p>;
  }
  return (
    <table className="jp-Stepmill-runList" aria-label={trans.__('Runs')}>
      <thead>
        <tr>
          <td />
          <Head state={state} metric="" label={trans.__('Run')} />
          {metrics.map(name => (
            <Head key={name} state={state} metric={name} label={name} />
          ))}
          <td />
        </tr>
      </thead>
      <tbody>
        {shown.map(run => (
          <RunRow key={run.run_id} run={run} metrics={metrics} state={state} />
        ))}
      </tbody>
    </table>
  );
}

function Head({
  state,
  metric,
  label
}: {
  state: IRunsState;
  metric: string;
  label: string;
}): JSX.Element {
  const { trans, runs } = usePanel();
  const isSorted = state.sort.metric === metric;
  const Caret = state.sort.isDown ? caretDownIcon : caretUpIcon;
  return (
    <th
      scope="col"
      className={metric ? 'jp-Stepmill-number' : undefined}
      aria-sort={isSorted ? (state.sort.isDown ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        title={metric ? trans.__('Sort by %1', metric) : trans.__('Sort by time')}
        aria-label={metric ? undefined : trans.__('%1, sort by time', label)}
        onClick={() => {
          runs.sort = resorted(state.sort, metric);
        }}
      >
        <span>{label}</span>
        {isSorted && <Caret.react tag="span" className="jp-Stepmill-caret" aria-hidden="true" />}
      </button>
    </th>
  );
}

function RunRow({
  run,
  metrics,
  state
}: {
  run: IPastRun;
  metrics: readonly string[];
  state: IRunsState;
}): JSX.Element {
  const panel = usePanel();
  const { trans, runs, execute } = panel;
  const isChosen = state.chosen.includes(run.run_id);
  const label = labelOf(run, trans);
  const started = new Date(run.started_s * 1000);
  const menu = (x: number, y: number) => openRunMenu(x, y, run, panel);
  return (
    <tr
      data-run={run.run_id}
      data-chosen={isChosen}
      onContextMenu={event => {
        event.preventDefault();
        event.stopPropagation();
        menu(event.clientX, event.clientY);
      }}
    >
      <td>
        <input
          type="checkbox"
          checked={isChosen}
          disabled={!isChosen && state.chosen.length >= MOST_COMPARED}
          aria-label={trans.__('Choose %1', label)}
          onChange={event => runs.choose(run.run_id, event.target.checked)}
        />
      </td>
      <th scope="row">
        <button
          type="button"
          className="jp-Stepmill-runLabel"
          title={trans.__('%1: show its steps and what they gave', run.run_id)}
          onClick={() => execute('stepmill:show-step', { path: state.path, run: run.run_id })}
        >
          <Mark mark={runMark(run.status, trans)} />
          <span>{label}</span>
        </button>
        <span className="jp-Stepmill-place">
          <time dateTime={started.toISOString()} title={started.toLocaleString()}>
            {Time.formatHuman(started)}
          </time>
          {run.seconds !== null && ` · ${durationText(run.seconds, trans)}`}
          {run.mlflow_page && (
            <>
              {' · '}
              <a href={run.mlflow_page} target="_blank" rel="noopener noreferrer">
                MLflow
              </a>
            </>
          )}
        </span>
      </th>
      {metrics.map(name => (
        <td
          key={name}
          className="jp-Stepmill-number"
          title={`${name}: ${run.metrics[name] ?? '–'}`}
        >
          {metricText(run.metrics[name])}
        </td>
      ))}
      <td>
        <button
          type="button"
          className="jp-Stepmill-more"
          aria-haspopup="menu"
          aria-label={trans.__('More about %1', label)}
          title={trans.__('More')}
          onClick={event => {
            const box = event.currentTarget.getBoundingClientRect();
            menu(box.left, box.bottom);
          }}
        >
          ⋯
        </button>
      </td>
    </tr>
  );
}

function Chosen({ state, onNone }: { state: IRunsState; onNone(): void }): JSX.Element {
  const { trans, runs, execute } = usePanel();
  const { chosen, path } = state;
  const canCompare = chosen.length >= FEWEST_COMPARED;
  return (
    <div className="jp-Stepmill-chosen">
      <button
        type="button"
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={!canCompare}
        title={canCompare ? undefined : trans.__('Choose one more run')}
        onClick={() =>
          execute('stepmill:compare-runs', { path, runs: inOrder(state.runs ?? [], chosen) })
        }
      >
        {canCompare ? trans.__('Compare %1', chosen.length) : trans.__('Compare')}
      </button>
      <button
        type="button"
        className="jp-Button jp-mod-styled"
        onClick={() => void runs.remove(chosen)}
      >
        {trans.__('Delete')}
      </button>
      <button type="button" className="jp-Stepmill-link" onClick={onNone}>
        {trans.__('Choose none')}
      </button>
    </div>
  );
}

function labelOf(run: IPastRun, trans: ReturnType<typeof usePanel>['trans']): string {
  if (run.changed === null) {
    return trans.__('first run');
  }
  return run.changed.join(', ') || trans.__('nothing changed');
}
