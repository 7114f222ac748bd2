import type { IDiagnostic } from '../../client/documents';
import { isNoSteps } from '../../model/steps';
import { usePanel, usePipeline } from '../context';
import { Mark } from '../mark';
import { placeText, severityMark } from '../words';

/** What the analysis has to say, worst first. */
export function ProblemsSection(): JSX.Element {
  const { trans } = usePanel();
  const { analysis } = usePipeline();
  const problems = problemsOf(analysis?.graph.diagnostics ?? []);
  if (!problems.length) {
    return (
      <p className="jp-Stepmill-quiet">
        {analysis ? trans.__('No problems.') : trans.__('Not looked at yet.')}
      </p>
    );
  }
  return <DiagnosticList diagnostics={problems} />;
}

/** The diagnostics in the order in which the panel lists them and the commands visit them. */
export function problemsOf(diagnostics: readonly IDiagnostic[]): IDiagnostic[] {
  const rank = { error: 0, warning: 1, info: 2 };
  return diagnostics
    .filter(one => !isNoSteps(one.code))
    .sort((one, other) => rank[one.severity] - rank[other.severity]);
}

/** Diagnostics as buttons that go to their line. */
export function DiagnosticList({
  diagnostics
}: {
  diagnostics: readonly IDiagnostic[];
}): JSX.Element {
  const { model, trans } = usePanel();
  return (
    <ul className="jp-Stepmill-list">
      {diagnostics.map((one, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two diagnostics may be equal in all they say
        <li key={`${index} ${one.code} ${one.message}`}>
          <button
            type="button"
            className="jp-Stepmill-row"
            disabled={one.cell === null}
            onClick={() => void model.revealDiagnostic(one)}
          >
            <span className="jp-Stepmill-rowHead">
              <Mark mark={severityMark(one.severity, trans)} />
              <span className="jp-Stepmill-message">{one.message}</span>
            </span>
            {one.hint && <span className="jp-Stepmill-hint">{one.hint}</span>}
            <span className="jp-Stepmill-place">
              {one.cell !== null && `${placeText(one.cell, one.line, trans)} · `}
              {one.code}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
