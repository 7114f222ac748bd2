import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import type { IPastRun } from '../../client/past';
import { columnsOf, metricNames } from '../../model/past-runs';
import type { RunsModel } from '../../model/runs-model';
import type { IPanel } from '../context';

interface IEntry {
  label: string;
  isToggled?: boolean;
  execute(): void;
}

/** What can be done with one run. */
export function openRunMenu(x: number, y: number, run: IPastRun, panel: IPanel): void {
  const { trans, execute, runs } = panel;
  const { path } = runs.state;
  const id = run.run_id;
  const list = runs.state.runs ?? [];
  const before = list
    .filter(other => other.started_s < run.started_s)
    .sort((one, other) => other.started_s - one.started_s)[0];
  const entries: (IEntry | null)[] = [
    {
      label: trans.__('Show Steps and Results'),
      execute: () => execute('stepmill:show-step', { path, run: id })
    },
    {
      label: trans.__('Show Executed Notebook'),
      execute: () => execute('stepmill:show-executed-notebook', { path, run: id })
    },
    before
      ? {
          label: trans.__('Compare with the Run Before'),
          execute: () => execute('stepmill:compare-runs', { path, runs: [before.run_id, id] })
        }
      : null,
    mlflowEntry(run, trans),
    { label: trans.__('Copy Run Id'), execute: () => Clipboard.copyToSystem(id) },
    run.status === 'running'
      ? null
      : { label: trans.__('Delete'), execute: () => void runs.remove([id]) }
  ];
  open(
    entries.filter(entry => entry !== null),
    x,
    y
  );
}

/** The way to the run's page on a server; to MLflow's own database leads a command. */
function mlflowEntry(run: IPastRun, trans: TranslationBundle): IEntry | null {
  if (run.mlflow_page) {
    return {
      label: trans.__('Open in MLflow'),
      execute: () => window.open(run.mlflow_page ?? '', '_blank', 'noopener')
    };
  }
  if (!run.mlflow_run_id) {
    return null; // it was not tracked
  }
  return {
    label: trans.__('Copy Command That Opens MLflow'),
    execute: () => {
      Clipboard.copyToSystem('stepmill ui');
      const text = trans.__(
        'Copied: stepmill ui. Run it in a terminal, in the folder of the notebook; MLflow names the run %1.',
        run.run_id
      );
      Notification.info(text, { autoClose: 8000 });
    }
  };
}

/** Which metrics are columns. */
export function openColumnMenu(
  anchor: HTMLElement,
  runs: RunsModel,
  trans: TranslationBundle
): void {
  const list = runs.state.runs ?? [];
  const shown = columnsOf(list, runs.state.columns);
  const names = metricNames(list);
  const entries = names.map(name => ({
    label: name,
    isToggled: shown.includes(name),
    execute: () => {
      runs.columns = shown.includes(name) ? shown.filter(one => one !== name) : [...shown, name];
    }
  }));
  const none = { label: trans.__('No metrics: give a step --metrics NAME'), execute: () => {} };
  const box = anchor.getBoundingClientRect();
  open(names.length ? entries : [none], box.left, box.bottom);
}

/** A menu that is made when it is opened, and forgotten when it closes. */
function open(entries: readonly IEntry[], x: number, y: number): void {
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  entries.forEach(({ label, isToggled, execute }, index) => {
    const command = `entry-${index}`;
    commands.addCommand(command, {
      label,
      execute,
      isToggled: isToggled === undefined ? undefined : () => isToggled,
      isToggleable: isToggled !== undefined
    });
    menu.addItem({ command });
  });
  menu.aboutToClose.connect(() => requestAnimationFrame(() => menu.dispose()));
  menu.open(x, y);
  menu.activeIndex = 0;
}
