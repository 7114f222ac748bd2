import { failedStep, type IRun } from '../../model/run';
import { framesOf, plainTraceback } from '../../model/traceback';
import { usePanel } from '../context';
import { Mark } from '../mark';
import { placeText, stepMark } from '../words';

/** The step that failed, what it said, and the way to its line. */
export function FailureCard({ run }: { run: IRun }): JSX.Element | null {
  const { model, trans } = usePanel();
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
      {error?.hint && <p className="jp-Stepmill-hint">{error.hint}</p>}
      {typeof error?.cell === 'number' && (
        <div className="jp-Stepmill-buttons">
          <button
            type="button"
            className="jp-Button jp-mod-styled"
            onClick={() => void model.revealInRun(run.id, error.cell, error.line)}
          >
            {trans.__('Go to cell')}
          </button>
          <span className="jp-Stepmill-place">{placeText(error.cell, error.line, trans)}</span>
        </div>
      )}
      {isElsewhere && (
        <button
          type="button"
          className="jp-Stepmill-link"
          onClick={() => void model.revealInRun(run.id, last.cell, last.line)}
        >
          {trans.__(
            'raised in %1',
            `${last.where ? `${last.where}, ` : ''}${placeText(last.cell, last.line, trans)}`
          )}
        </button>
      )}
      {error?.traceback && (
        <details>
          <summary>{trans.__('Traceback')}</summary>
          <pre>{plainTraceback(error.traceback)}</pre>
        </details>
      )}
    </div>
  );
}
