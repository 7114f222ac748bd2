import type { RequestProblem } from '../client/problem';
import { adviceOf, problemText } from './advice';
import { Said } from './said';
import { useView } from './view-widget';

/** Why a view, or a part of it, shows nothing, and what to do. */
export function Trouble({
  title,
  problem,
  onRetry
}: {
  title: string;
  problem: RequestProblem;
  onRetry(): void;
}): JSX.Element {
  const { trans } = useView();
  const advice = adviceOf(problem.kind, trans);
  return (
    <div className="jp-Stepmill-card" data-tone="bad" role="alert">
      <p className="jp-Stepmill-cardTitle">{title}</p>
      <p>{problemText(problem, trans)}</p>
      {advice && (
        <p>
          <Said text={advice} />
        </p>
      )}
      {problem.hint && <p className="jp-Stepmill-hint">{problem.hint}</p>}
      <div className="jp-Stepmill-buttons">
        <button type="button" className="jp-Button jp-mod-styled" onClick={onRetry}>
          {trans.__('Try again')}
        </button>
      </div>
    </div>
  );
}
