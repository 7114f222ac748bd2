import '../../../style/views.css';
import { Time } from '@jupyterlab/coreutils';
import { useMemo } from 'react';
import type { IComparedRun, IComparison } from '../../client/past';
import { csvOf, onlyDifferences, pythonOf, withBaseline } from '../../model/comparison';
import { useAnswer } from '../asking';
import { Mark } from '../mark';
import { Trouble } from '../trouble';
import { useView, type ViewArgs } from '../view-widget';
import { durationText, runMark } from '../words';
import { CompareGraph } from './graph';
import { Letter } from './letter';
import { Sections } from './sections';

type Args = Extract<ViewArgs, { kind: 'comparison' }>;

/** Two to eight runs side by side: the verdict first, then what differs, in the order of cause. */
export default function CompareView({
  args,
  onArgs
}: {
  args: Args;
  onArgs(changed: Partial<Pick<Args, 'runs' | 'everything' | 'better'>>): void;
}): JSX.Element {
  const { client, trans } = useView();
  const { path, runs, everything } = args;
  const { answer, problem, isAsking, again } = useAnswer(
    () => client.compare(path, runs),
    [client, path, runs.join()]
  );
  const shown = useMemo(
    () => (answer && !everything ? onlyDifferences(answer) : answer),
    [answer, everything]
  );
  if (problem) {
    return (
      <Trouble title={trans.__('The runs cannot be compared')} problem={problem} onRetry={again} />
    );
  }
  if (!answer || !shown) {
    return <p className="jp-Stepmill-quiet">{trans.__('Comparing…')}</p>;
  }
  return (
    <div className="jp-Stepmill-page" aria-busy={isAsking}>
      <header className="jp-Stepmill-pageHead">
        <h1>{trans._n('%1 run compared', '%1 runs compared', answer.runs.length)}</h1>
        <Actions
          found={answer}
          everything={everything}
          onEverything={on => onArgs({ everything: on })}
        />
      </header>
      <p
        className="jp-Stepmill-verdict"
        role="status"
        data-tone={answer.diverged ? 'warn' : 'good'}
      >
        {answer.sentence}
      </p>
      {answer.remarks.map(remark => (
        <p key={remark} className="jp-Stepmill-notice" data-tone="warn">
          {remark}
        </p>
      ))}
      <RunTable
        found={answer}
        path={path}
        onBaseline={id => onArgs({ runs: withBaseline(runs, id) })}
      />
      <CompareGraph found={answer} path={path} />
      <Sections
        found={shown}
        path={path}
        isWhole={everything}
        better={args.better ?? {}}
        onBetter={better => onArgs({ better })}
      />
    </div>
  );
}

function Actions({
  found,
  everything,
  onEverything
}: {
  found: IComparison;
  everything: boolean;
  onEverything(everything: boolean): void;
}): JSX.Element {
  const { trans, copy } = useView();
  const button = (label: string, text: () => string, what: string) => (
    <button
      type="button"
      className="jp-Button jp-mod-styled"
      onClick={() => copy(text(), what)}
      title={trans.__('Copy as %1', what)}
      aria-label={trans.__('Copy as %1', what)}
    >
      {label}
    </button>
  );
  return (
    <div className="jp-Stepmill-buttons">
      <label className="jp-Stepmill-switch">
        <input
          type="checkbox"
          checked={!everything}
          onChange={event => onEverything(!event.target.checked)}
        />
        {trans.__('Differences only')}
      </label>
      <span className="jp-Stepmill-place" aria-hidden="true">
        {trans.__('Copy as')}
      </span>
      {button('Markdown', () => found.markdown, 'Markdown')}
      {button('CSV', () => csvOf(found), 'CSV')}
      {button('Python', () => pythonOf(found), 'Python')}
    </div>
  );
}

function RunTable({
  found,
  path,
  onBaseline
}: {
  found: IComparison;
  path: string;
  onBaseline(runId: string): void;
}): JSX.Element {
  const { trans } = useView();
  return (
    <div className="jp-Stepmill-wide">
      <table className="jp-Stepmill-table">
        <caption className="jp-Stepmill-unseen">{trans.__('The runs')}</caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Run')}</th>
            <th scope="col">{trans.__('Baseline')}</th>
            <th scope="col">{trans.__('Started')}</th>
            <th scope="col">{trans.__('Status')}</th>
            <th scope="col" className="jp-Stepmill-number">
              {trans.__('Time')}
            </th>
          </tr>
        </thead>
        <tbody>
          {found.runs.map((run, index) => (
            <RunLine
              key={run.run_id}
              run={run}
              path={path}
              isBaseline={index === 0}
              onBaseline={() => onBaseline(run.run_id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RunLine({
  run,
  path,
  isBaseline,
  onBaseline
}: {
  run: IComparedRun;
  path: string;
  isBaseline: boolean;
  onBaseline(): void;
}): JSX.Element {
  const { trans, execute } = useView();
  const started = new Date(run.started_s * 1000);
  return (
    <tr>
      <th scope="row">
        <Letter letter={run.letter} />{' '}
        <button
          type="button"
          className="jp-Stepmill-link"
          title={trans.__('Show its steps and what they gave')}
          onClick={() => execute('stepmill:show-step', { path, run: run.run_id })}
        >
          {run.run_id}
        </button>
      </th>
      <td>
        <input
          type="radio"
          name={`baseline-${path}`}
          checked={isBaseline}
          aria-label={trans.__('Compare with %1', run.letter)}
          onChange={onBaseline}
        />
      </td>
      <td title={started.toLocaleString()}>{Time.formatHuman(started)}</td>
      <td>
        <Mark mark={runMark(run.status, trans)} withWord />
      </td>
      <td className="jp-Stepmill-number">
        {run.seconds === null ? '–' : durationText(run.seconds, trans)}
      </td>
    </tr>
  );
}
