import { useMemo } from 'react';
import { changedValues } from '../../model/parameters';
import { isOver } from '../../model/run';
import { countsOf } from '../../model/steps';
import { usePanel, usePipeline } from '../context';
import { ProblemCard } from '../problem-card';
import { Said } from '../said';
import { AcceptOutputs } from './accept';
import { FailureCard } from './failure';
import { ParameterForm } from './form';
import { PlanView } from './plan';
import { RunProgress } from './progress';
import { RunButton } from './run-button';

/** How the pipeline is run: values, what a run would do, the run that goes on, how the last one failed. */
export function RunSection(): JSX.Element {
  const { trans, open } = usePanel();
  const state = usePipeline();
  const { run, shown, drafts, refusal } = state;
  const parameters = shown?.graph.parameters ?? {};
  const isGood = useMemo(() => changedValues(parameters, drafts).isGood, [parameters, drafts]);
  const counts = countsOf(state);
  const isRunning = !isOver(run);
  return (
    <div className="jp-Stepmill-run">
      {refusal && (
        <ProblemCard
          title={isRunning ? trans.__('The run goes on') : trans.__('The run did not start')}
          problem={refusal}
        />
      )}
      {run && !refusal && <FailureCard run={run} />}
      <ParameterForm parameters={parameters} drafts={drafts} isLocked={isRunning} />
      <RunButtons isGood={isGood} />
      {run && <RunProgress run={run} />}
      {run?.status === 'succeeded' && <AcceptOutputs key={run.id} runId={run.id} />}
      {!isRunning && counts.errors > 0 && !refusal && (
        <button
          type="button"
          className="jp-Stepmill-link jp-Stepmill-refused"
          data-tone="bad"
          onClick={() => open('problems')}
        >
          {trans._n(
            'A run would be refused: %1 problem',
            'A run would be refused: %1 problems',
            counts.errors
          )}
        </button>
      )}
      {!isRunning && counts.errors === 0 && (
        <PlanView
          plan={state.plan}
          problem={refusal ? null : state.planProblem}
          isEdited={state.edited.size > 0}
        />
      )}
      {!Object.keys(parameters).length && (
        <p className="jp-Stepmill-hint">
          <Said
            text={trans.__(
              'A cell of plain values that begins with `%1` gives fields here, to run with other values.',
              '%%parameters'
            )}
          />
        </p>
      )}
    </div>
  );
}

function RunButtons({ isGood }: { isGood: boolean }): JSX.Element {
  const { model, trans } = usePanel();
  const { run, activity, shown } = usePipeline();
  if (!isOver(run)) {
    return (
      <div className="jp-Stepmill-buttons">
        <button
          type="button"
          className="jp-Button jp-mod-styled jp-mod-warn"
          disabled={activity === 'stopping'}
          onClick={() => void model.stop()}
        >
          {activity === 'stopping' ? trans.__('Stopping…') : trans.__('Stop')}
        </button>
      </div>
    );
  }
  const isDisabled = !isGood || activity !== 'idle' || !shown?.graph.steps.length;
  return (
    <div className="jp-Stepmill-buttons">
      <RunButton
        label={activity === 'starting' ? trans.__('Starting…') : trans.__('Run')}
        about={trans.__('Save the notebook and run its pipeline.')}
        scope={{}}
        isDisabled={isDisabled}
        isPrimary
      />
      <RunButton
        label={trans.__('Run all anew')}
        about={trans.__('Save the notebook and run every step; reuse nothing.')}
        scope={{ refresh: true }}
        isDisabled={isDisabled}
      />
    </div>
  );
}
