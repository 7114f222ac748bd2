import type { RequestProblem } from '../client/problem';
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
  return (
    <div className="jp-Stepmill-card" data-tone="bad" role="alert">
      <p className="jp-Stepmill-cardTitle">{title}</p>
      <p className="jp-Stepmill-errorText">{problem.message}</p>
      {problem.hint && <p className="jp-Stepmill-hint">{problem.hint}</p>}
      <div className="jp-Stepmill-buttons">
        <button type="button" className="jp-Button jp-mod-styled" onClick={onRetry}>
          {trans.__('Try again')}
        </button>
      </div>
    </div>
  );
}
