import type { IDiagnostic } from '../../client/documents';
import { problemsOf } from '../../model/problems';
import { usePanel, usePipeline } from '../context';
import { Mark } from '../mark';
import { Said } from '../said';
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

/** The other lines that a diagnostic speaks of, and the changes that it offers. */
function Remedies({ diagnostic }: { diagnostic: IDiagnostic }): JSX.Element | null {
  const { model, trans } = usePanel();
  const { analysis } = usePipeline();
  const { others = [], fixes = [] } = diagnostic;
  const isOffered = analysis?.graph.diagnostics.includes(diagnostic);
  if (!others.length && !(fixes.length && isOffered)) {
    return null;
  }
  return (
    <div className="jp-Stepmill-remedies">
      {others.map(place => (
        <button
          key={JSON.stringify(place)}
          type="button"
          className="jp-Stepmill-link"
          onClick={() => void model.go.toDiagnostic({ ...diagnostic, ...place })}
        >
          {placeText(place.cell, place.line, trans)}: <Said text={place.message} />
        </button>
      ))}
      {isOffered &&
        fixes.map(fix => (
          <button
            key={fix.title}
            type="button"
            className="jp-Button jp-mod-styled"
            title={trans.__('Change the notebook: %1. Undo takes it back.', fix.title)}
            onClick={() => model.errands.fix(fix)}
          >
            <Said text={fix.title} />
          </button>
        ))}
    </div>
  );
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
            onClick={() => void model.go.toDiagnostic(one)}
          >
            <span className="jp-Stepmill-rowHead">
              <Mark mark={severityMark(one.severity, trans)} />
              <span className="jp-Stepmill-message">
                <Said text={one.message} />
              </span>
            </span>
            {one.hint && (
              <span className="jp-Stepmill-hint">
                <Said text={one.hint} />
              </span>
            )}
            <span className="jp-Stepmill-place">
              {one.cell !== null && `${placeText(one.cell, one.line, trans)} · `}
              {one.code}
            </span>
          </button>
          <Remedies diagnostic={one} />
        </li>
      ))}
    </ul>
  );
}
