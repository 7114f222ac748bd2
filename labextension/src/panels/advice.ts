import type { TranslationBundle } from '@jupyterlab/translation';
import type { ProblemKind, RequestProblem } from '../client/problem';

/** What to do about a request that came to nothing; undefined where it says that itself. */
export function adviceOf(kind: ProblemKind, trans: TranslationBundle): string | undefined {
  const texts: Partial<Record<ProblemKind, string>> = {
    missing: trans.__(
      'Run `pip install stepmill` in the environment that Jupyter was started from, and restart Jupyter. If it is installed there, `jupyter server extension list` tells whether it is switched off.'
    ),
    unknown: trans.__(
      'The stepmill of this Jupyter server does not know this request: it is another version than this page. Restart Jupyter, then reload the page.'
    ),
    offline: trans.__(
      'What you see is what was known last. It goes on by itself when the server answers again.'
    ),
    garbled: trans.__(
      'A login page or a proxy may be in the way. Reload the page, and log in again if you are asked to.'
    ),
    forbidden: trans.__(
      'You are not allowed to do this here. Log in again, or ask whoever runs this server.'
    ),
    unsaved: trans.__('The notebook could not be saved; nothing was done.'),
    busy: trans.__('Another run of this project is going on. Wait for it, or stop it.')
  };
  return texts[kind];
}

/** What is wrong with the server as a whole; undefined if it is something else. */
export function serverTitle(kind: ProblemKind, trans: TranslationBundle): string | undefined {
  const texts: Partial<Record<ProblemKind, string>> = {
    missing: trans.__('This Jupyter server has no stepmill'),
    offline: trans.__('The Jupyter server does not answer'),
    garbled: trans.__('Something else answers in the place of the Jupyter server'),
    forbidden: trans.__('The Jupyter server does not let you in')
  };
  return texts[kind];
}

/** What went wrong, in words that are not the browser's or a proxy's. */
export function problemText(problem: RequestProblem, trans: TranslationBundle): string {
  const isOurs = problem.code !== '' || !(problem.isOfServer || problem.kind === 'unknown');
  return isOurs ? problem.message : (serverTitle(problem.kind, trans) ?? '');
}
