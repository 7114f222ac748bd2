import type { TranslationBundle } from '@jupyterlab/translation';
import type { IPlannedStep } from '../../client/documents';
import type { RequestProblem } from '../../client/problem';
import { usePanel } from '../context';
import { Mark } from '../mark';
import { ProblemCard } from '../problem-card';
import { Said } from '../said';
import { durationText, stepMark } from '../words';

type Planned = [name: string, step: IPlannedStep];

export interface IPlanProps {
  plan: Readonly<Record<string, IPlannedStep>> | null;
  problem: RequestProblem | null;
  /** Whether cells changed since the notebook was saved, which is what a plan is about. */
  isEdited: boolean;
}

/** Fewer than these are named, not counted. */
const FEW = 3;

/** What a run would do with each step, and why: causes first, what only follows from them folded. */
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
  const steps: Planned[] = Object.entries(plan);
  const running = steps.filter(([, step]) => step.status !== 'cached');
  const cached = steps.filter(([, step]) => step.status === 'cached');
  const { causes, first, followers } = sorted(running);
  return (
    <section className="jp-Stepmill-plan" aria-label={trans.__('What a run would do')}>
      <p className="jp-Stepmill-planHead">
        {headText(steps, running, trans)}
        {isEdited && trans.__(' (as it was saved)')}
      </p>
      {causes.length > 0 && <Reasons steps={causes} />}
      <Folded steps={first} title={trans.__('%1 have no stored result yet', first.length)} />
      <Folded
        steps={followers}
        title={trans.__('%1 run because of what runs before them', followers.length)}
      />
      <Folded
        steps={cached}
        least={1}
        title={trans._n('%1 step is reused', '%1 steps are reused', cached.length)}
      />
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
    </section>
  );
}

/** Steps that are told one by one only when they are few, or when one asks. */
function Folded({
  steps,
  title,
  least = FEW
}: {
  steps: readonly Planned[];
  title: string;
  least?: number;
}): JSX.Element | null {
  if (!steps.length) {
    return null;
  }
  if (steps.length < least) {
    return <Reasons steps={steps} />;
  }
  return (
    <details>
      <summary>{title}</summary>
      <Reasons steps={steps} />
    </details>
  );
}

function Reasons({ steps }: { steps: readonly Planned[] }): JSX.Element {
  const { trans } = usePanel();
  return (
    <ul className="jp-Stepmill-reasons">
      {steps.map(([name, step]) => (
        <li key={name}>
          <Mark mark={stepMark(wordOf(step), trans)} />
          <b>{name}</b>{' '}
          <span>
            <Said text={step.reason} />
          </span>{' '}
          {step.status !== 'cached' && step.expected_seconds !== null && (
            <span className="jp-Stepmill-seconds">
              {trans.__('about %1', durationText(step.expected_seconds, trans))}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The steps that run for a cause of their own, those without any result, and those that only follow. */
function sorted(running: readonly Planned[]) {
  const isOnly = (step: IPlannedStep, ...known: string[]) =>
    step.status === 'stale' && step.causes.every(cause => known.includes(cause));
  const followers = running.filter(([, step]) => isOnly(step, 'upstream-runs'));
  const first = running.filter(
    one => !followers.includes(one) && isOnly(one[1], 'first-run', 'upstream-runs')
  );
  const causes = running.filter(one => !followers.includes(one) && !first.includes(one));
  return { causes, first, followers };
}

function wordOf(step: IPlannedStep) {
  if (step.status === 'cached') {
    return 'fresh';
  }
  if (step.status === 'blocked') {
    return 'blocked';
  }
  return step.causes.includes('first-run') ? 'new' : 'stale';
}

function headText(steps: Planned[], running: Planned[], trans: TranslationBundle): string {
  if (!running.length) {
    return trans.__('Nothing to run: all %1 results can be reused', steps.length);
  }
  const time = expected(running, trans);
  return running.length === steps.length
    ? trans._n('Will run %1 step%2', 'Will run %1 steps%2', running.length, time)
    : trans.__('Will run %1 of %2 steps%3', running.length, steps.length, time);
}

/** How long the steps took last time, taken together; "" if that is not known of all. */
function expected(steps: Planned[], trans: TranslationBundle): string {
  const seconds = steps.map(([, step]) => step.expected_seconds);
  const known = seconds.filter((one): one is number => one !== null);
  const total = known.reduce((sum, one) => sum + one, 0);
  return known.length && known.length === seconds.length
    ? trans.__(', about %1 of work', durationText(total, trans))
    : '';
}
