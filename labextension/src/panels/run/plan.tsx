import type { IPlannedStep } from '../../client/documents';
import type { RequestProblem } from '../../client/problem';
import { usePanel } from '../context';
import { Mark } from '../mark';
import { ProblemCard } from '../problem-card';
import { durationText, stepMark } from '../words';

export interface IPlanProps {
  plan: Readonly<Record<string, IPlannedStep>> | null;
  problem: RequestProblem | null;
  /** Whether cells changed since the notebook was saved, which is what a plan is about. */
  isEdited: boolean;
}

/** What a run would do with each step, and why. */
export function PlanView({ plan, problem, isEdited }: IPlanProps): JSX.Element | null {
  const { trans, model } = usePanel();
  if (problem) {
    return <ProblemCard title={trans.__('A run would be refused')} problem={problem} />;
  }
  if (!plan) {
    return isEdited ? (
      <p className="jp-Stepmill-quiet">
        {trans.__('Save the notebook to see what a run would do.')}
      </p>
    ) : null;
  }
  const steps = Object.entries(plan);
  const running = steps.filter(([, step]) => step.status !== 'cached');
  const cached = steps.filter(([, step]) => step.status === 'cached');
  return (
    <section className="jp-Stepmill-plan" aria-label={trans.__('What a run would do')}>
      <p className="jp-Stepmill-planHead">
        {running.length
          ? trans.__(
              'Will run %1, reuse %2%3',
              running.length,
              cached.length,
              expected(running, trans)
            )
          : trans.__('Nothing to run: all %1 results can be reused', cached.length)}
        {isEdited && trans.__(' (as it was saved)')}
      </p>
      {running.length > 0 && (
        <ul className="jp-Stepmill-reasons">
          {running.map(([name, step]) => (
            <li key={name}>
              <Mark mark={stepMark(wordOf(step), trans)} />
              <b>{name}</b> <span>{step.reason}</span>{' '}
              {step.expected_seconds !== null && (
                <span className="jp-Stepmill-seconds">
                  {trans.__('about %1', durationText(step.expected_seconds, trans))}
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      {running.some(([, step]) => step.status === 'blocked') && (
        <div className="jp-Stepmill-buttons">
          <button
            type="button"
            className="jp-Button jp-mod-styled"
            title={trans.__('Let steps write their files again, over what was changed by hand')}
            onClick={() => void model.run({ overwrite: true })}
          >
            {trans.__('Run and overwrite changed files')}
          </button>
        </div>
      )}
      {cached.length > 0 && (
        <details>
          <summary>{trans._n('%1 step is reused', '%1 steps are reused', cached.length)}</summary>
          <ul className="jp-Stepmill-reasons">
            {cached.map(([name, step]) => (
              <li key={name}>
                <Mark mark={stepMark('fresh', trans)} />
                <b>{name}</b> <span>{step.reason}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function wordOf(step: IPlannedStep) {
  if (step.status === 'blocked') {
    return 'blocked';
  }
  return step.causes.includes('first-run') ? 'new' : 'stale';
}

/** How long the steps took last time, taken together; "" if that is not known of all. */
function expected(
  steps: [string, IPlannedStep][],
  trans: ReturnType<typeof usePanel>['trans']
): string {
  const seconds = steps.map(([, step]) => step.expected_seconds);
  const known = seconds.filter((one): one is number => one !== null);
  const total = known.reduce((sum, one) => sum + one, 0);
  return known.length && known.length === seconds.length
    ? trans.__(', about %1 of work', durationText(total, trans))
    : '';
}
