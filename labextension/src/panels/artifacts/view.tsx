import '../../../style/views.css';
import { Time } from '@jupyterlab/coreutils';
import { useEffect } from 'react';
import type { IRunSummary } from '../../client/documents';
import type { IPastStep, IStoredValue } from '../../client/past';
import { loadingOf } from '../../model/comparison';
import { sizeText } from '../../model/sizes';
import { useAnswer } from '../asking';
import { Mark } from '../mark';
import { Picture } from '../picture';
import { Trouble } from '../trouble';
import { useView, type ViewArgs } from '../view-widget';
import { durationText, runMark, stepMark } from '../words';
import { Durations } from './durations';
import { Preview } from './preview';

type Args = Extract<ViewArgs, { kind: 'step' }>;

/** A run, step by step: why a step ran, what it took and gave, what its cells showed. */
export default function StepView({
  args,
  onStep
}: {
  args: Args;
  onStep(step: string): void;
}): JSX.Element {
  const { client, trans } = useView();
  const { path, run } = args;
  const { answer, problem, again } = useAnswer(() => client.run(path, run), [client, path, run]);
  const names = Object.keys(answer?.steps ?? {});
  const step = args.step || preferred(answer);
  useEffect(() => {
    if (!args.step && step) {
      onStep(step);
    }
  });
  if (problem) {
    return (
      <Trouble title={trans.__('The run cannot be shown')} problem={problem} onRetry={again} />
    );
  }
  if (!answer) {
    return <p className="jp-Stepmill-quiet">{trans.__('Loading…')}</p>;
  }
  return (
    <div className="jp-Stepmill-page jp-Stepmill-runPage">
      <nav aria-label={trans.__('Steps of the run')}>
        <RunHead run={answer} path={path} />
        <ul className="jp-Stepmill-list">
          {names.map(name => {
            const mark = stepMark(answer.steps[name]?.status ?? 'unknown', trans);
            return (
              <li key={name}>
                <button
                  type="button"
                  className="jp-Stepmill-row"
                  aria-current={name === step ? 'page' : undefined}
                  onClick={() => onStep(name)}
                >
                  <span className="jp-Stepmill-rowHead">
                    <span className="jp-Stepmill-stepName">{name}</span>
                    <span className="jp-Stepmill-stepState">
                      <Mark mark={mark} withWord />
                    </span>
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
      </nav>
      {step ? (
        <StepPage key={step} path={path} run={run} step={step} onStep={onStep} />
      ) : (
        <p className="jp-Stepmill-quiet">{trans.__('The run ended before its first step.')}</p>
      )}
    </div>
  );
}

function RunHead({ run, path }: { run: IRunSummary; path: string }): JSX.Element {
  const { trans, execute } = useView();
  const started = new Date(run.started_s * 1000);
  return (
    <div className="jp-Stepmill-runHead">
      <Mark mark={runMark(run.status, trans)} withWord />
      <span title={started.toLocaleString()}>
        {Time.formatHuman(started)}
        {run.seconds !== null && ` · ${durationText(run.seconds, trans)}`}
      </span>
      <code>{run.run_id}</code>
      <button
        type="button"
        className="jp-Stepmill-link"
        onClick={() => execute('stepmill:show-executed-notebook', { path, run: run.run_id })}
      >
        {trans.__('Executed notebook')}
      </button>
    </div>
  );
}

function StepPage({
  path,
  run,
  step,
  onStep
}: {
  path: string;
  run: string;
  step: string;
  onStep(step: string): void;
}): JSX.Element {
  const { client, trans } = useView();
  const { answer, problem, again } = useAnswer(
    () => client.step(path, run, step),
    [client, path, run, step]
  );
  if (problem) {
    return (
      <Trouble title={trans.__('The step cannot be shown')} problem={problem} onRetry={again} />
    );
  }
  if (!answer) {
    return <p className="jp-Stepmill-quiet">{trans.__('Loading…')}</p>;
  }
  return (
    <article className="jp-Stepmill-stepPage" aria-label={trans.__('Step %1', step)}>
      <Why found={answer} path={path} />
      <Part title={trans.__('Takes')} isShown={answer.inputs.length > 0}>
        {answer.inputs.map(value => (
          <Value key={value.name} value={value} step={value.producer} path={path} run={run}>
            <button
              type="button"
              className="jp-Stepmill-link"
              onClick={() => onStep(value.producer)}
            >
              {trans.__('from %1', value.producer)}
            </button>
          </Value>
        ))}
      </Part>
      <Part title={trans.__('Gives')} isShown>
        {answer.outputs.map(value => (
          <Value key={value.name} value={value} step={step} path={path} run={run} isOpen />
        ))}
        {!answer.outputs.length && (
          <p className="jp-Stepmill-quietLine">
            {answer.outcome.status === 'failed'
              ? trans.__('Nothing: it failed.')
              : trans.__('No value: nothing that it makes is used by a later step.')}
          </p>
        )}
      </Part>
      <Shown found={answer} path={path} />
      <Part title={trans.__('Durations')} isShown={answer.history.length > 0}>
        <Durations history={answer.history} run={run} />
      </Part>
      <Part title={trans.__('Code as it ran')} isShown={answer.cells.length > 0}>
        {answer.cells.map(({ cell, source }) => (
          <figure key={cell} className="jp-Stepmill-diff">
            <figcaption>{trans.__('cell [%1]', cell)}</figcaption>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
            <pre tabIndex={0}>{source}</pre>
          </figure>
        ))}
      </Part>
    </article>
  );
}

function Part({
  title,
  isShown,
  children
}: {
  title: string;
  isShown: boolean;
  children: React.ReactNode;
}): JSX.Element | null {
  return isShown ? (
    <section className="jp-Stepmill-part" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  ) : null;
}

function Why({ found, path }: { found: IPastStep; path: string }): JSX.Element {
  const { trans, execute } = useView();
  const { outcome } = found;
  const facts = [
    outcome.seconds !== null && outcome.status !== 'cached'
      ? durationText(outcome.seconds, trans)
      : '',
    ...Object.entries(found.parameters).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  ].filter(Boolean);
  return (
    <header>
      <h1>{found.name}</h1>
      <p className="jp-Stepmill-why">
        <Mark mark={stepMark(outcome.status, trans)} withWord />
        {outcome.reason && <span>{outcome.reason}</span>}
      </p>
      {facts.length > 0 && <p className="jp-Stepmill-place">{facts.join(' · ')}</p>}
      {outcome.error && (
        <div className="jp-Stepmill-card" data-tone="bad">
          <p className="jp-Stepmill-errorText">{outcome.error.message}</p>
          {outcome.error.hint && <p className="jp-Stepmill-hint">{outcome.error.hint}</p>}
        </div>
      )}
      <div className="jp-Stepmill-buttons">
        {found.has_notebook && (
          <button
            type="button"
            className="jp-Button jp-mod-styled"
            onClick={() =>
              execute('stepmill:show-executed-notebook', {
                path,
                run: found.run_id,
                step: found.name
              })
            }
          >
            {trans.__('Open the executed step')}
          </button>
        )}
        {outcome.cached_from && outcome.cached_from !== found.run_id && (
          <button
            type="button"
            className="jp-Button jp-mod-styled"
            onClick={() =>
              execute('stepmill:show-step', { path, run: outcome.cached_from, step: found.name })
            }
          >
            {trans.__('Show the run that made it')}
          </button>
        )}
      </div>
    </header>
  );
}

function Value({
  value,
  step,
  path,
  run,
  isOpen = false,
  children
}: {
  value: IStoredValue;
  step: string;
  path: string;
  run: string;
  isOpen?: boolean;
  children?: React.ReactNode;
}): JSX.Element {
  const { trans, client, copy } = useView();
  const about = [
    value.type.split('.').pop(),
    value.shape,
    value.size_bytes ? sizeText(value.size_bytes) : ''
  ]
    .filter(Boolean)
    .join(' · ');
  const canLoad = value.is_stored && !value.preview?.masked;
  return (
    <details className="jp-Stepmill-value" open={isOpen} data-value={value.name}>
      <summary>
        <code>{value.name}</code> <span className="jp-Stepmill-place">{about}</span>
      </summary>
      <div className="jp-Stepmill-valueBody">
        <div className="jp-Stepmill-buttons">
          {children}
          {canLoad && (
            <>
              <button
                type="button"
                className="jp-Button jp-mod-styled"
                aria-label={trans.__('Download %1', value.name)}
                title={trans.__('A zip of its parts, as they lie in the store')}
                onClick={() =>
                  void download(client.artifact(path, run, step, value.name), value.name)
                }
              >
                {trans.__('Download')}
              </button>
              <button
                type="button"
                className="jp-Button jp-mod-styled"
                aria-label={trans.__('Copy Python that loads %1', value.name)}
                title={trans.__('Copy Python that loads it')}
                onClick={() => copy(loadingOf(run, step, value.name), 'Python')}
              >
                {trans.__('Copy Python')}
              </button>
            </>
          )}
        </div>
        <Preview value={value} path={path} run={run} />
      </div>
    </details>
  );
}

function Shown({ found, path }: { found: IPastStep; path: string }): JSX.Element {
  const { trans } = useView();
  return (
    <Part title={trans.__('Shows')} isShown={found.texts.length > 0 || found.pictures.length > 0}>
      {found.texts.map(({ cell, text }) => (
        <figure key={cell} className="jp-Stepmill-diff">
          <figcaption>{trans.__('cell [%1]', cell)}</figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre tabIndex={0}>{text}</pre>
        </figure>
      ))}
      <div className="jp-Stepmill-side">
        {found.pictures.map(({ cell, digest }) => (
          <figure key={`${cell} ${digest}`}>
            <Picture
              path={path}
              run={found.run_id}
              digest={digest}
              name={trans.__('Picture of cell [%1]', cell)}
            />
          </figure>
        ))}
      </div>
    </Part>
  );
}

/** The step to show first: the one that failed, else the last one. */
function preferred(run: IRunSummary | null): string {
  const steps = Object.entries(run?.steps ?? {});
  const first = (status: string) => steps.find(([, step]) => step.status === status);
  return (first('failed') ?? first('executed') ?? steps.at(-1))?.[0] ?? '';
}

async function download(asked: Promise<Blob>, name: string): Promise<void> {
  const { showErrorMessage } = await import('@jupyterlab/apputils');
  try {
    const url = URL.createObjectURL(await asked);
    const link = document.createElement('a');
    link.href = url;
    link.download = `${name}.zip`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    await showErrorMessage(name, error instanceof Error ? error.message : String(error));
  }
}
