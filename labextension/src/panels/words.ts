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
