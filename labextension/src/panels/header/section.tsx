import { listIcon, runIcon, stopIcon, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import { pipelineIcon } from '../../icons';
import { failedStep, isOver } from '../../model/run';
import type { IPipelineState } from '../../model/state';
import { countsOf, type ICounts } from '../../model/steps';
import { type IPanel, usePanel, usePipeline } from '../context';
import { ProblemCard } from '../problem-card';

/** The notebook's name, what there is to say about it in one sentence, and what to do when there is nothing. */
export function HeaderSection({
  isList,
  onToggle
}: {
  isList: boolean;
  onToggle(): void;
}): JSX.Element {
  const panel = usePanel();
  const state = usePipeline();
  const { trans, model } = panel;
  const counts = countsOf(state);
  const isRunning = !isOver(state.run);
  return (
    <div className="jp-Stepmill-header">
      {state.notebook?.isPython && (
        <div className="jp-Stepmill-bar">
          <span className="jp-Stepmill-notebookName" title={state.notebook.path}>
            {state.notebook.name}
          </span>
          {isRunning ? (
            <ToolbarButtonComponent
              icon={stopIcon}
              tooltip={trans.__('Stop the run')}
              enabled={state.activity !== 'stopping'}
              onClick={() => void model.stop()}
            />
          ) : (
            <ToolbarButtonComponent
              icon={runIcon}
              tooltip={trans.__('Run the pipeline')}
              enabled={counts.steps > 0 && state.activity === 'idle'}
              onClick={() => {
                panel.open('run');
                void model.run();
              }}
            />
          )}
          {counts.steps > 0 && (
            <ToolbarButtonComponent
              icon={isList ? pipelineIcon : listIcon}
              tooltip={
                isList
                  ? trans.__('Show the steps as a graph')
                  : trans.__('Show the steps as a list')
              }
              onClick={onToggle}
            />
          )}
        </div>
      )}
      {counts.steps > 0 && <Summary counts={counts} panel={panel} />}
      <Announcement state={state} />
      {state.serverProblem && (
        <ProblemCard
          title={trans.__('The notebook could not be read')}
          problem={state.serverProblem}
        />
      )}
      {state.errandProblem && (
        <ProblemCard
          title={trans.__('That could not be done')}
          problem={state.errandProblem}
          onClose={() => model.errands.dismiss()}
        />
      )}
      {state.otherVersion && (
        <p className="jp-Stepmill-notice" data-tone="warn">
          {trans.__(
            'The server runs stepmill %1, this page another version. Restart the server and reload the page.',
            state.otherVersion
          )}
        </p>
      )}
      <EmptyState state={state} />
    </div>
  );
}

function Summary({ counts, panel }: { counts: ICounts; panel: IPanel }): JSX.Element {
  const { trans, open } = panel;
  const { run } = panel.model.state;
  const link = (section: Parameters<IPanel['open']>[0], text: string, tone?: string) => (
    <button
      type="button"
      className="jp-Stepmill-link"
      data-tone={tone}
      onClick={() => open(section)}
    >
      {text}
    </button>
  );
  const parts = [link('pipeline', trans._n('%1 step', '%1 steps', counts.steps))];
  if (counts.errors) {
    parts.push(link('problems', trans._n('%1 problem', '%1 problems', counts.errors), 'bad'));
  }
  if (counts.warnings) {
    parts.push(link('problems', trans._n('%1 warning', '%1 warnings', counts.warnings), 'warn'));
  }
  if (run && !isOver(run)) {
    parts.push(
      link('run', trans.__('running %1/%2', counts.done, Object.keys(run.steps).length), 'busy')
    );
  } else if (counts.failed) {
    parts.push(link('run', trans.__('%1 failed', counts.failed), 'bad'));
  }
  if (counts.outOfDate) {
    parts.push(link('run', trans.__('%1 out of date', counts.outOfDate), 'warn'));
  }
  return (
    <p className="jp-Stepmill-summary">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts have a fixed order and no state
        <span key={index}>
          {index > 0 && ' · '}
          {part}
        </span>
      ))}
    </p>
  );
}

/** Tells screen readers of changes of state, never of progress. */
function Announcement({ state }: { state: IPipelineState }): JSX.Element {
  const { trans } = usePanel();
  const [text, setText] = useState('');
  const { run } = state;
  const failed = failedStep(run)?.name;
  const status = run?.status;
  useEffect(() => {
    const texts = {
      running: trans.__('The pipeline is running'),
      succeeded: trans.__('The run has succeeded'),
      failed: failed ? trans.__('Step %1 has failed', failed) : trans.__('The run has failed'),
      cancelled: trans.__('The run was stopped')
    };
    setText(status ? texts[status] : '');
  }, [status, failed, trans]);
  return (
    <div className="jp-Stepmill-unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}

/** What to do where there is nothing to show. */
function EmptyState({ state }: { state: IPipelineState }): JSX.Element | null {
  const { trans, execute } = usePanel();
  const { notebook, analysis, shown } = state;
  if (!notebook) {
    return <p className="jp-Stepmill-quiet">{trans.__('Open a notebook to see its pipeline.')}</p>;
  }
  if (!notebook.isPython) {
    return (
      <p className="jp-Stepmill-quiet">
        {trans.__('%1 is no Python notebook; stepmill reads only these.', notebook.name)}
      </p>
    );
  }
  if (!analysis) {
    return state.serverProblem ? null : (
      <p className="jp-Stepmill-quiet">{trans.__('Reading the notebook…')}</p>
    );
  }
  if (shown?.graph.steps.length) {
    return null;
  }
  return (
    <div className="jp-Stepmill-quiet jp-Stepmill-begin">
      <p>
        {trans.__(
          'No steps yet. A step is a cell whose first line names it, or several cells with one name:'
        )}
      </p>
      <pre>%%step train</pre>
      <button
        type="button"
        className="jp-Button jp-mod-styled jp-mod-accept"
        onClick={() => execute('stepmill:tag-cell')}
      >
        {trans.__('Make this cell a step…')}
      </button>
      <p>{trans.__('Or have steps proposed, in a copy of the notebook:')}</p>
      <button
        type="button"
        className="jp-Button jp-mod-styled"
        disabled={state.isOnErrand}
        title={trans.__('Nothing is run, and this notebook stays as it is')}
        onClick={() => execute('stepmill:suggest-steps')}
      >
        {state.isOnErrand ? trans.__('Reading the notebook…') : trans.__('Suggest steps')}
      </button>
    </div>
  );
}
