import { Time } from '@jupyterlab/coreutils';
import type { IPastStep } from '../../client/past';
import { useView } from '../view-widget';
import { durationText } from '../words';

const HEIGHT = 56;

/** How long the step took in the last runs, the oldest first; reused results have a short line only. */
export function Durations({
  history,
  run
}: {
  history: IPastStep['history'];
  run: string;
}): JSX.Element {
  const { trans } = useView();
  const took = (one: IPastStep['history'][number]) =>
    one.status === 'executed' || one.status === 'failed' ? (one.seconds ?? 0) : 0;
  const longest = Math.max(...history.map(took), 0.001);
  return (
    <ol className="jp-Stepmill-durations" aria-label={trans.__('Durations, the oldest first')}>
      {history.map(one => {
        const seconds = took(one);
        const word = seconds ? durationText(seconds, trans) : one.status;
        const text = `${Time.formatHuman(new Date(one.started_s * 1000))}: ${word}`;
        return (
          <li key={one.run_id} title={text} data-status={one.status} data-this={one.run_id === run}>
            <span className="jp-Stepmill-unseen">{text}</span>
            <span
              aria-hidden="true"
              style={{ height: Math.max(2, (seconds / longest) * HEIGHT) }}
            />
          </li>
        );
      })}
      <li className="jp-Stepmill-durationsScale" aria-hidden="true">
        {durationText(longest, trans)}
      </li>
    </ol>
  );
}
