import type { RequestProblem } from '../client/problem';
import { problemsOf } from '../model/problems';
import { usePanel } from './context';
import { DiagnosticList } from './problems/section';
import { Said } from './said';

/** A request that came to nothing: what happened, what to do, and where. */
export function ProblemCard({
  title,
  problem,
  onClose
}: {
  title: string;
  problem: RequestProblem;
  /** Takes the card away, where it would stay otherwise. */
  onClose?(): void;
}): JSX.Element {
  const { model, trans } = usePanel();
  const diagnostics = problemsOf(problem.diagnostics);
  const advice: Partial<Record<typeof problem.kind, string>> = {
    missing: trans.__(
      'This Jupyter server has no stepmill. Run `pip install stepmill` in the environment of the server and restart it.'
    ),
    offline: trans.__('The Jupyter server does not answer. What you see is what was known last.'),
    forbidden: trans.__('You are not allowed to do this here. Ask whoever runs this server.'),
    unsaved: trans.__('The notebook could not be saved; nothing was done.'),
    busy: trans.__('Another run of this project is going on. Wait for it, or stop it.')
  };
  const isRepeated = diagnostics.some(one => problem.message.includes(one.message));
  return (
    <div className="jp-Stepmill-card" data-tone="bad" role="alert">
      <p className="jp-Stepmill-cardTitle">{title}</p>
      {!isRepeated && problem.message && problem.kind !== 'missing' && (
        <p className="jp-Stepmill-errorText">{problem.message}</p>
      )}
      {advice[problem.kind] && (
        <p>
          <Said text={advice[problem.kind] ?? ''} />
        </p>
      )}
      {!isRepeated && problem.hint && (
        <p className="jp-Stepmill-hint">
          <Said text={problem.hint} />
        </p>
      )}
      {diagnostics.length > 0 && <DiagnosticList diagnostics={diagnostics} />}
      {onClose && (
        <div className="jp-Stepmill-buttons">
          <button type="button" className="jp-Button jp-mod-styled" onClick={onClose}>
            {trans.__('Dismiss')}
          </button>
        </div>
      )}
      {!onClose && ['offline', 'missing', 'failed'].includes(problem.kind) && (
        <div className="jp-Stepmill-buttons">
          <button type="button" className="jp-Button jp-mod-styled" onClick={() => model.refresh()}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
    </div>
  );
}
