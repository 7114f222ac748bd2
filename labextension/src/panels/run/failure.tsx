import { failedStep, type IRun, isOver } from '../../model/run';
import { framesOf, plainTraceback } from '../../model/traceback';
import { usePanel, usePipeline } from '../context';
import { Mark } from '../mark';
import { Said } from '../said';
import { placeText, stepMark } from '../words';
import { StepLog } from './log';
import { RunButton } from './run-button';

/** The step that failed, what it said, and the way to its line. */
export function FailureCard({ run }: { run: IRun }): JSX.Element | null {
  const { model, trans, openNotebook } = usePanel();
  const { activity, isOnErrand } = usePipeline();
  const isLocked = !isOver(run) || activity !== 'idle';
  const failed = failedStep(run);
  if (!failed) {
    return null;
  }
  const { error, reason } = failed.step;
  const message = error?.ename
    ? `${error.ename}: ${error.evalue ?? ''}`
    : (error?.message ?? reason);
  const last = framesOf(error?.traceback ?? '').at(-1);
  const isElsewhere = last && (last.cell !== error?.cell || last.line !== error?.line);
  return (
    <div className="jp-Stepmill-card" data-tone="bad">
      <p className="jp-Stepmill-cardTitle">
        <Mark mark={stepMark('failed', trans)} />
        {trans.__('%1 failed', failed.name)}
      </p>
      <p className="jp-Stepmill-errorText">{message}</p>
      {error?.hint && (
        <p className="jp-Stepmill-hint">
          <Said text={error.hint} />
        </p>
      )}
      {typeof error?.cell === 'number' && (
        <button
          type="button"
          className="jp-Stepmill-link"
          onClick={() => void model.go.toLineOfRun(run.id, error.cell, error.line)}
        >
          {trans.__('Go to %1', placeText(error.cell, error.line, trans))}
        </button>
      )}
      {isElsewhere && (
        <button
          type="button"
          className="jp-Stepmill-link"
          onClick={() => void model.go.toLineOfRun(run.id, last.cell, last.line)}
        >
          {trans.__(
            'raised in %1',
            `${last.where ? `${last.where}, ` : ''}${placeText(last.cell, last.line, trans)}`
          )}
        </button>
      )}
      <div className="jp-Stepmill-buttons">
        <RunButton
          label={trans.__('Run from here')}
          about={trans.__('Save the notebook, and run this step and what comes after it')}
          scope={{ from: [failed.name] }}
          isDisabled={isLocked}
        />
        <button
          type="button"
          className="jp-Button jp-mod-styled"
          disabled={isOnErrand}
          title={trans.__(
            'Write the step as a notebook whose first cell loads what it takes, and open that'
          )}
          onClick={() => void model.errands.openStep(failed.name).then(openNotebook)}
        >
          {trans.__('Open with inputs')}
        </button>
      </div>
      <StepLog runId={run.id} step={failed.name} isLive={false} />
      {error?.traceback && (
        <details>
          <summary>{trans.__('Traceback')}</summary>
          <pre>{plainTraceback(error.traceback)}</pre>
        </details>
      )}
    </div>
  );
}
