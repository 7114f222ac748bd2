import { useEffect, useRef, useState } from 'react';
import { failedStep, type IRun, isOver } from '../../model/run';
import { usePanel } from '../context';

const PAUSE_MS = 2000;

/**
 * Tells screen readers how a run goes on and how it ends: at most one sentence in two seconds, a
 * failure at once. Of a run that was over when the panel was opened it says nothing.
 */
export function Announcement({ run }: { run: IRun | null }): JSX.Element {
  const progress = useProgress(run);
  const end = useEnd(run);
  const shown = useSlowly(end.isBad ? '' : end.text || progress);
  return (
    <>
      <div className="jp-Stepmill-unseen" role="status" aria-live="polite">
        {shown}
      </div>
      <div className="jp-Stepmill-unseen" role="alert">
        {end.isBad ? end.text : ''}
      </div>
    </>
  );
}

function useProgress(run: IRun | null): string {
  const { trans } = usePanel();
  if (!run || isOver(run)) {
    return '';
  }
  const steps = Object.entries(run.steps);
  const running = steps.filter(([, step]) => step.status === 'running').map(([name]) => name);
  const done = steps.filter(([, step]) => !['queued', 'running'].includes(step.status)).length;
  if (running.length) {
    return trans.__('%1 of %2 steps done, now %3', done, steps.length, running.join(', '));
  }
  return done
    ? trans.__('%1 of %2 steps done', done, steps.length)
    : trans.__('The pipeline is running');
}

function useEnd(run: IRun | null): { text: string; isBad: boolean } {
  const { trans } = usePanel();
  const watched = useRef('');
  if (run && !isOver(run)) {
    watched.current = run.id;
  }
  const failed = failedStep(run)?.name;
  if (failed && run?.id === watched.current) {
    return { text: trans.__('Step %1 has failed', failed), isBad: true };
  }
  if (!run || !isOver(run) || run.id !== watched.current) {
    return { text: '', isBad: false };
  }
  const texts = {
    running: '',
    succeeded: trans.__('The run has succeeded'),
    failed: trans.__('The run has failed'),
    cancelled: trans.__('The run was stopped')
  };
  return { text: texts[run.status], isBad: run.status === 'failed' };
}

/** The newest text, replaced at most once in `PAUSE_MS`. */
function useSlowly(text: string): string {
  const [shown, setShown] = useState('');
  const changedAt = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, changedAt.current + PAUSE_MS - Date.now());
    const timer = setTimeout(() => {
      changedAt.current = Date.now();
      setShown(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  return shown;
}
