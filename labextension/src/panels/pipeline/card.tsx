import { closeIcon, LabIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import type { IEdge, IGraph, IValue } from '../../client/documents';
import { withAfter } from '../../model/graph-walk';
import { isOver } from '../../model/run';
import type { IStepState } from '../../model/steps';
import { usePanel, usePipeline } from '../context';
import { Mark } from '../mark';
import { RunButton } from '../run/run-button';
import { Said } from '../said';
import { durationText, edgeKindText, placeText, stepMark } from '../words';

/** What was chosen in the graph or the list: a step, or all edges between two. */
export type Choice = { step: string } | { producer: string; consumer: string };

export interface ICardProps {
  graph: IGraph;
  steps: readonly IStepState[];
  choice: Choice;
  onClose(): void;
}

/** All about the chosen step or edge, and what can be done with it; nothing if it is gone. */
export function ChoiceCard({ graph, steps, choice, onClose }: ICardProps): JSX.Element | null {
  if ('step' in choice) {
    const state = steps.find(one => one.name === choice.step);
    return state ? <StepCard graph={graph} state={state} onClose={onClose} /> : null;
  }
  const edges = graph.edge_details.filter(
    edge => edge.producer === choice.producer && edge.consumer === choice.consumer
  );
  return edges.length ? <EdgeCard edges={edges} {...choice} onClose={onClose} /> : null;
}

function Card({
  label,
  title,
  onClose,
  children
}: {
  label: string;
  title: ReactNode;
  onClose(): void;
  children: ReactNode;
}): JSX.Element {
  const { trans } = usePanel();
  return (
    <section className="jp-Stepmill-choice" aria-label={label}>
      <div className="jp-Stepmill-choiceHead">
        {title}
        <button
          type="button"
          className="jp-Stepmill-close"
          title={trans.__('Close')}
          aria-label={trans.__('Close')}
          onClick={onClose}
        >
          <LabIcon.resolveReact icon={closeIcon} tag="span" />
        </button>
      </div>
      {children}
    </section>
  );
}

function StepCard({
  graph,
  state,
  onClose
}: {
  graph: IGraph;
  state: IStepState;
  onClose(): void;
}): JSX.Element {
  const { model, trans } = usePanel();
  const { values } = usePipeline();
  const mark = stepMark(state.word, trans);
  const { name, step } = state;
  const time = timeText(state, trans);
  return (
    <Card
      label={trans.__('Step %1', name)}
      title={
        <>
          <b className="jp-Stepmill-stepName">{name}</b>
          <Mark mark={mark} withWord />
        </>
      }
      onClose={onClose}
    >
      {state.reason && state.reason !== mark.word && (
        <p>
          <Said text={state.reason} />
        </p>
      )}
      {state.word === 'edited' && (
        <p>{trans.__('Changed since the notebook was saved; a run saves it first.')}</p>
      )}
      {time && <p className="jp-Stepmill-place">{time}</p>}
      <Flow
        title={trans.__('takes')}
        names={Object.entries(step.inputs).map(([one, from]) => ({
          name: one,
          about: [valueText(values[from]?.[one]), trans.__('from %1', from)],
          onClick: () => {
            const place = graph.edge_details.find(
              edge => edge.consumer === name && edge.name === one
            )?.evidence[1];
            void (place ? model.go.toPlace(place) : model.go.toStep(name));
          }
        }))}
      />
      <Flow
        title={trans.__('gives')}
        names={step.outputs.map(one => ({
          name: one,
          about: [valueText(values[name]?.[one])],
          onClick: () => {
            const place = graph.edge_details.find(
              edge => edge.producer === name && edge.name === one
            )?.evidence[0];
            void (place ? model.go.toPlace(place) : model.go.toStep(name));
          }
        }))}
      />
      <StepButtons graph={graph} name={name} />
    </Card>
  );
}

function StepButtons({ graph, name }: { graph: IGraph; name: string }): JSX.Element {
  const { model, trans, open, openNotebook, execute } = usePanel();
  const { run, activity, isOnErrand, notebook } = usePipeline();
  const after = withAfter(graph, name).size - 1;
  const isLocked = !isOver(run) || activity !== 'idle';
  const show = () => open('run');
  return (
    <div className="jp-Stepmill-buttons">
      <RunButton
        label={trans.__('Run from here')}
        about={trans._n(
          'Save the notebook; run this step and %1 step after it, also where results could be reused',
          'Save the notebook; run this step and the %1 steps after it, also where results could be reused',
          after
        )}
        scope={{ from: [name] }}
        isDisabled={isLocked}
        onStart={show}
      />
      <RunButton
        label={trans.__('Run only this')}
        about={trans.__(
          'Save the notebook; run this step, and of those before it the ones without a valid result'
        )}
        scope={{ steps: [name], refresh: [name] }}
        isDisabled={isLocked}
        onStart={show}
      />
      <button
        type="button"
        className="jp-Stepmill-link"
        disabled={isOnErrand}
        title={trans.__(
          'Write the step as a notebook whose first cell loads what it takes, and open that'
        )}
        onClick={() => void model.errands.openStep(name).then(openNotebook)}
      >
        {trans.__('Open with inputs')}
      </button>
      {run?.steps[name] && notebook && (
        <button
          type="button"
          className="jp-Stepmill-link"
          title={trans.__('What it took and gave in the last run, and why it ran')}
          onClick={() =>
            execute('stepmill:show-step', { path: notebook.path, run: run.id, step: name })
          }
        >
          {trans.__('Show results')}
        </button>
      )}
    </div>
  );
}

interface IFlowName {
  name: string;
  about: string[];
  onClick(): void;
}

function Flow({ title, names }: { title: string; names: IFlowName[] }): JSX.Element | null {
  if (!names.length) {
    return null;
  }
  return (
    <dl className="jp-Stepmill-flow">
      <dt>{title}</dt>
      {names.map(({ name, about, onClick }) => (
        <dd key={name}>
          <button type="button" className="jp-Stepmill-link" onClick={onClick}>
            <code>{name}</code>
          </button>{' '}
          <span className="jp-Stepmill-place">{about.filter(part => part).join(' · ')}</span>
        </dd>
      ))}
    </dl>
  );
}

function EdgeCard({
  edges,
  producer,
  consumer,
  onClose
}: {
  edges: readonly IEdge[];
  producer: string;
  consumer: string;
  onClose(): void;
}): JSX.Element {
  const { model, trans } = usePanel();
  const { values } = usePipeline();
  return (
    <Card
      label={trans.__('From %1 to %2', producer, consumer)}
      title={
        <b className="jp-Stepmill-stepName">
          {producer} → {consumer}
        </b>
      }
      onClose={onClose}
    >
      <ul className="jp-Stepmill-evidence">
        {edges.map(edge => (
          <li key={JSON.stringify([edge.kind, edge.name])}>
            {edge.name && <code>{edge.name}</code>}{' '}
            <span className="jp-Stepmill-place">
              {[
                edge.kind === 'data'
                  ? valueText(values[producer]?.[edge.name])
                  : edgeKindText(edge.kind, trans),
                edge.doubtful ? trans.__('not certain') : ''
              ]
                .filter(part => part)
                .join(' · ')}
            </span>
            {edge.evidence.map((place, index) => (
              <button
                // biome-ignore lint/suspicious/noArrayIndexKey: the first makes it, the second takes it
                key={index}
                type="button"
                className="jp-Stepmill-link"
                onClick={() => void model.go.toPlace(place)}
              >
                {index === 0
                  ? trans.__('made in %1', placeText(place.cell, place.line, trans))
                  : ''}
                {index > 0 ? trans.__('used in %1', placeText(place.cell, place.line, trans)) : ''}
              </button>
            ))}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** "DataFrame 1,309 × 12"; "" where no run has said it yet. */
export function valueText(value: IValue | undefined): string {
  return value ? [value.type.split('.').pop(), value.shape].filter(part => part).join(' ') : '';
}

function timeText(state: IStepState, trans: ReturnType<typeof usePanel>['trans']): string {
  const { run, seconds } = state;
  if (run?.status === 'executed' && run.seconds !== null) {
    return trans.__('took %1', durationText(run.seconds, trans));
  }
  const expected = seconds ?? run?.expectedSeconds;
  if (expected) {
    return trans.__('takes about %1', durationText(expected, trans));
  }
  return state.word === 'new' ? trans.__('never run with these inputs') : '';
}
