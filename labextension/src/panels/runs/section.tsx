import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRunSummary } from '../../client/documents';
import { differences } from '../../model/parameters';
import { usePanel, usePipeline } from '../context';
import { Mark } from '../mark';
import { ProblemCard } from '../problem-card';
import { durationText, runMark } from '../words';

/** The last runs, newest first, each by what it changed against the one before. */
export function RunsSection(): JSX.Element {
  const { trans } = usePanel();
  const { runs, runsProblem } = usePipeline();
  if (runsProblem) {
    return <ProblemCard title={trans.__('The runs could not be read')} problem={runsProblem} />;
  }
  if (!runs?.length) {
    return (
      <p className="jp-Stepmill-quiet">
        {runs ? trans.__('No runs yet.') : trans.__('Not looked at yet.')}
      </p>
    );
  }
  return (
    <ol className="jp-Stepmill-list">
      {runs.map((run, index) => (
        <li key={run.run_id} className="jp-Stepmill-row" title={run.run_id}>
          <span className="jp-Stepmill-rowHead">
            <Mark mark={runMark(run.status, trans)} />
            <span className="jp-Stepmill-message">{labelOf(run, runs[index + 1], trans)}</span>
            {run.seconds !== null && (
              <span className="jp-Stepmill-seconds">{durationText(run.seconds, trans)}</span>
            )}
          </span>
          <time
            className="jp-Stepmill-place"
            dateTime={new Date(run.started_s * 1000).toISOString()}
          >
            {Time.formatHuman(new Date(run.started_s * 1000))}
          </time>
        </li>
      ))}
    </ol>
  );
}

function labelOf(
  run: IRunSummary,
  before: IRunSummary | undefined,
  trans: TranslationBundle
): string {
  if (!before) {
    return trans.__('first run');
  }
  return differences(before.parameters, run.parameters).join(', ') || trans.__('same parameters');
}
