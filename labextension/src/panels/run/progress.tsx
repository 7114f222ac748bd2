import { type IRun, isOver, progressOf, remainingSeconds } from '../../model/run';
import { useNow } from '../clock';
import { usePanel } from '../context';
import { Mark } from '../mark';
import { durationText, runMark } from '../words';
import { StepLog } from './log';

/** The run that goes on, or how the last one ended, in one line and a bar. */
export function RunProgress({ run }: { run: IRun }): JSX.Element {
  const { trans } = usePanel();
  const isRunning = !isOver(run);
  const now = useNow(isRunning);
  const steps = Object.entries(run.steps);
  const running = steps.filter(([, step]) => step.status === 'running').map(([name]) => name);
  const count = (status: string) => steps.filter(([, step]) => step.status === status).length;
  const seconds = isRunning ? Math.max(0, now - run.startedAt) : run.seconds;
  const left = isRunning ? remainingSeconds(run, now) : null;
  const done = steps.length - count('queued') - running.length;
  return (
    <div className="jp-Stepmill-progressView">
      <p className="jp-Stepmill-progressLine">
        <Mark mark={runMark(run.status, trans)} withWord />
        <span>
          {isRunning
            ? `${running.join(', ') || (done ? trans.__('finishing') : trans.__('getting ready'))} · ${done}/${steps.length}`
            : trans.__('%1 run, %2 reused', count('executed') + count('failed'), count('cached'))}
        </span>
        {seconds !== null && (
          <span className="jp-Stepmill-seconds">{durationText(seconds, trans)}</span>
        )}
        {left !== null && left >= 1 && (
          <span className="jp-Stepmill-seconds">
            {trans.__('about %1 left', durationText(left, trans))}
          </span>
        )}
      </p>
      {isRunning && (
        <div
          className="jp-Stepmill-progress"
          role="progressbar"
          aria-label={trans.__('Progress of the run')}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(progressOf(run) * 100)}
          tabIndex={-1}
        >
          <span style={{ width: `${progressOf(run) * 100}%` }} />
        </div>
      )}
      {running.map(name => (
        <StepLog key={name} runId={run.id} step={name} isLive />
      ))}
      {run.warnings.map(warning => (
        <p key={warning} className="jp-Stepmill-notice" data-tone="warn">
          {warning}
        </p>
      ))}
    </div>
  );
}
