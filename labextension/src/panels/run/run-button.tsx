import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import type { IRunScope } from '../../client/documents';
import { forecast, type IForecast } from '../../model/forecast';
import { usePanel, usePipeline } from '../context';

const MOST_TOLD = 8;

export interface IRunButtonProps {
  label: string;
  /** What it does, whatever a run would do now. */
  about: string;
  scope: IRunScope;
  isDisabled: boolean;
  isPrimary?: boolean;
  onStart?(): void;
}

/** A button that runs. While it is pointed at, the steps that it would run are lit, and the tooltip says why. */
export function RunButton({
  label,
  about,
  scope,
  isDisabled,
  isPrimary = false,
  onStart
}: IRunButtonProps): JSX.Element {
  const { model, trans } = usePanel();
  const { shown, plan, edited } = usePipeline();
  const [isPointedAt, setPointedAt] = useState(false);
  const told = shown && !edited.size ? forecast(shown.graph, plan, scope) : null;
  const lit = told && isPointedAt ? JSON.stringify(told.runs.map(one => one.name)) : '';
  // In an effect, since a plan can come while the pointer rests here.
  useEffect(() => {
    if (lit) {
      model.light(new Set(JSON.parse(lit) as string[]));
      return () => model.light(null);
    }
    return;
  }, [model, lit]);
  const point = () => setPointedAt(true);
  const leave = () => setPointedAt(false);
  return (
    <button
      type="button"
      className={`jp-Button jp-mod-styled${isPrimary ? ' jp-mod-accept' : ''}`}
      disabled={isDisabled}
      title={told ? `${about}\n${forecastText(told, trans)}` : about}
      onPointerEnter={point}
      onFocus={point}
      onPointerLeave={leave}
      onBlur={leave}
      onClick={() => {
        leave();
        onStart?.();
        void model.run(scope);
      }}
    >
      {label}
    </button>
  );
}

function forecastText({ runs, reused }: IForecast, trans: TranslationBundle): string {
  const lines = runs
    .slice(0, MOST_TOLD)
    .map(({ name, reason }) => `• ${name}: ${reason || trans.__('because you ask for it')}`);
  const more = runs.length - lines.length;
  return [
    runs.length
      ? trans._n('Runs %1 step now:', 'Runs %1 steps now:', runs.length)
      : trans.__('Runs nothing now.'),
    ...lines,
    more > 0 ? trans.__('… and %1 more', more) : '',
    reused ? trans._n('Reuses %1 result.', 'Reuses %1 results.', reused) : ''
  ]
    .filter(line => line)
    .join('\n');
}
