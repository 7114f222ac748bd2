import type { RequestProblem } from '../client/problem';
import { problemsOf } from '../model/problems';
import { adviceOf, problemText } from './advice';
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
  const text = problemText(problem, trans);
  const advice = adviceOf(problem.kind, trans);
  const isRepeated = diagnostics.some(one => problem.message.includes(one.message));
  return (
    <div className="jp-Stepmill-card" data-tone="bad" role="alert">
      <p className="jp-Stepmill-cardTitle">{title}</p>
      {!isRepeated && text && text !== title && <p className="jp-Stepmill-errorText">{text}</p>}
      {advice && (
        <p>
          <Said text={advice} />
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
      {!onClose && (problem.isOfServer || ['unknown', 'failed'].includes(problem.kind)) && (
        <div className="jp-Stepmill-buttons">
          <button type="button" className="jp-Button jp-mod-styled" onClick={() => model.refresh()}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
    </div>
  );
}
