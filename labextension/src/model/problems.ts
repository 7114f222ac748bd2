import type { IDiagnostic } from '../client/documents';
import { isNoSteps } from './steps';

/** The diagnostics in the order in which the panel lists them and the commands visit them: worst first. */
export function problemsOf(diagnostics: readonly IDiagnostic[]): IDiagnostic[] {
  const rank = { error: 0, warning: 1, info: 2 };
  return diagnostics
    .filter(one => !isNoSteps(one.code))
    .sort((one, other) => rank[one.severity] - rank[other.severity]);
}
