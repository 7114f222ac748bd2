/** The server's own replies, as its tests record them. */
import analyze from '../../tests/server/samples/analyze.json';
import analyzeProblems from '../../tests/server/samples/analyze-problems.json';
import errorDiagnostics from '../../tests/server/samples/error-diagnostics.json';
import errorLocked from '../../tests/server/samples/error-locked.json';
import events from '../../tests/server/samples/events.json';
import eventsFailed from '../../tests/server/samples/events-failed.json';
import plan from '../../tests/server/samples/plan.json';
import planCached from '../../tests/server/samples/plan-cached.json';
import runStarted from '../../tests/server/samples/run-started.json';
import runs from '../../tests/server/samples/runs.json';
import runsNone from '../../tests/server/samples/runs-none.json';
import status from '../../tests/server/samples/status.json';

export const SAMPLES = {
  analyze,
  analyzeProblems,
  errorDiagnostics,
  errorLocked,
  events,
  eventsFailed,
  plan,
  planCached,
  runStarted,
  runs,
  runsNone,
  status
};

export interface ISample {
  status: number;
  reply: unknown;
}

export function answer(sample: ISample): Response {
  return Response.json(sample.reply, { status: sample.status });
}
