import { listIcon, runIcon, stopIcon, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import { pipelineIcon } from '../../icons';
import { isOver } from '../../model/run';
import type { IPipelineState } from '../../model/state';
import { countsOf, type ICounts } from '../../model/steps';
import { serverTitle } from '../advice';
import { type IPanel, usePanel, usePipeline } from '../context';
import { ProblemCard } from '../problem-card';
import { Announcement } from './announcement';

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
      <Announcement run={state.run} />
      {state.serverProblem && (
        <ProblemCard
          title={
            serverTitle(state.serverProblem.kind, trans) ??
            trans.__('The notebook could not be read')
          }
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

/** From so many cells on one would rather have steps proposed than write them. */
const GROWN = 6;

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
  const isGrown = analysis.cells.length >= GROWN;
  const byHand = (
    <>
      <p>
        {trans.__('A step is a cell whose first line names it, or several cells with one name:')}
      </p>
      <pre>%%step train</pre>
      <button
        type="button"
        className={`jp-Button jp-mod-styled${isGrown ? '' : ' jp-mod-accept'}`}
        onClick={() => execute('stepmill:tag-cell')}
      >
        {trans.__('Make this cell a step…')}
      </button>
    </>
  );
  const proposed = (
    <>
      <p>{trans.__('Steps can be proposed, in a copy; this notebook stays as it is:')}</p>
      <button
        type="button"
        className={`jp-Button jp-mod-styled${isGrown ? ' jp-mod-accept' : ''}`}
        disabled={state.isOnErrand}
        title={trans.__('Nothing is run, and this notebook stays as it is')}
        onClick={() => execute('stepmill:suggest-steps')}
      >
        {state.isOnErrand ? trans.__('Reading the notebook…') : trans.__('Suggest steps')}
      </button>
    </>
  );
  return (
    <div className="jp-Stepmill-quiet jp-Stepmill-begin">
      <p className="jp-Stepmill-beginTitle">{trans.__('No steps yet')}</p>
      {isGrown ? proposed : byHand}
      {isGrown ? byHand : proposed}
    </div>
  );
}
