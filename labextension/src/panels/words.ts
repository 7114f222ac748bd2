import type { TranslationBundle } from '@jupyterlab/translation';
import {
  checkIcon,
  circleEmptyIcon,
  closeIcon,
  editIcon,
  errorIcon,
  fastForwardIcon,
  historyIcon,
  infoIcon,
  type LabIcon,
  lockIcon,
  refreshIcon,
  runIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import type { EdgeKind, RunStatus, Severity } from '../client/documents';
import type { ProblemKind, RequestProblem } from '../client/problem';
import type { ReadingProblem } from '../model/parameters';
import type { StepWord } from '../model/steps';

export type Tone = 'quiet' | 'good' | 'warn' | 'bad' | 'busy';

/** How a state is told: never by colour alone. */
export interface IMark {
  icon: LabIcon;
  word: string;
  tone: Tone;
}

export function stepMark(word: StepWord, trans: TranslationBundle): IMark {
  const marks: Record<StepWord, IMark> = {
    unknown: { icon: circleEmptyIcon, word: '', tone: 'quiet' },
    new: { icon: circleEmptyIcon, word: trans.__('not run yet'), tone: 'quiet' },
    stale: { icon: refreshIcon, word: trans.__('out of date'), tone: 'warn' },
    fresh: { icon: checkIcon, word: trans.__('up to date'), tone: 'good' },
    blocked: { icon: lockIcon, word: trans.__('blocked'), tone: 'bad' },
    wrong: { icon: closeIcon, word: trans.__('has a problem'), tone: 'bad' },
    edited: { icon: editIcon, word: trans.__('edited'), tone: 'warn' },
    queued: { icon: circleEmptyIcon, word: trans.__('queued'), tone: 'quiet' },
    running: { icon: runIcon, word: trans.__('running'), tone: 'busy' },
    executed: { icon: checkIcon, word: trans.__('done'), tone: 'good' },
    cached: { icon: historyIcon, word: trans.__('reused'), tone: 'good' },
    failed: { icon: closeIcon, word: trans.__('failed'), tone: 'bad' },
    skipped: { icon: fastForwardIcon, word: trans.__('skipped'), tone: 'quiet' },
    cancelled: { icon: stopIcon, word: trans.__('stopped'), tone: 'warn' }
  };
  return marks[word];
}

export function runMark(status: RunStatus, trans: TranslationBundle): IMark {
  const marks: Record<RunStatus, IMark> = {
    running: { icon: runIcon, word: trans.__('running'), tone: 'busy' },
    succeeded: { icon: checkIcon, word: trans.__('succeeded'), tone: 'good' },
    failed: { icon: closeIcon, word: trans.__('failed'), tone: 'bad' },
    cancelled: { icon: stopIcon, word: trans.__('stopped'), tone: 'warn' }
  };
  return marks[status];
}

export function severityMark(severity: Severity, trans: TranslationBundle): IMark {
  const marks: Record<Severity, IMark> = {
    error: { icon: closeIcon, word: trans.__('error'), tone: 'bad' },
    warning: { icon: errorIcon, word: trans.__('warning'), tone: 'warn' },
    info: { icon: infoIcon, word: trans.__('note'), tone: 'quiet' }
  };
  return marks[severity];
}

/** What an edge stands for, where it carries no value. */
export function edgeKindText(kind: EdgeKind, trans: TranslationBundle): string {
  const texts: Record<EdgeKind, string> = {
    data: trans.__('value'),
    order: trans.__('order'),
    file: trans.__('file'),
    session: trans.__('session state'),
    random: trans.__('random state')
  };
  return texts[kind];
}

/** What is wrong with a value in the form. */
export function readingText(problem: ReadingProblem, trans: TranslationBundle): string {
  const texts: Record<ReadingProblem, string> = {
    'no choice': trans.__('Choose one of the values.'),
    'not whole': trans.__('This must be a whole number.'),
    'too large': trans.__('This number is too large for the form.'),
    'no number': trans.__('This must be a number.'),
    'no JSON': trans.__('This must be JSON, for example [1, 2], {"a": 1}, "text" or null.')
  };
  return texts[problem];
}

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

/** A duration as one reads it: 0.4 s, 12 s, 2 min 5 s, 1 h 4 min. */
export function durationText(seconds: number, trans: TranslationBundle): string {
  if (seconds < 9.95) {
    return trans.__('%1 s', seconds.toFixed(1));
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  return whole < 3600
    ? trans.__('%1 min %2 s', Math.floor(whole / 60), whole % 60)
    : trans.__('%1 h %2 min', Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
}

/** Where a cell and a line are, numbered as the messages of the analysis number them. */
export function placeText(
  cell: number,
  line: number | null | undefined,
  trans: TranslationBundle
): string {
  return line ? trans.__('cell [%1], line %2', cell, line) : trans.__('cell [%1]', cell);
}
