import type { JupyterFrontEnd } from '@jupyterlab/application';
import { type ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { runIcon, stopIcon, tagIcon } from '@jupyterlab/ui-components';
import { pipelineIcon } from './icons';
import type { PipelineModel } from './model/model';
import { problemsOf } from './model/problems';
import { isOver } from './model/run';
import { findTag } from './notebook/step-tag';
import {
  ensureLoaded,
  hasCode,
  isLoaded,
  tagActiveCell,
  untagActiveCell
} from './notebook/tagging';

const IDS = {
  open: 'stepmill:open-panel',
  run: 'stepmill:run-pipeline',
  stop: 'stepmill:stop-run',
  nextProblem: 'stepmill:next-problem',
  previousProblem: 'stepmill:previous-problem',
  tag: 'stepmill:tag-cell',
  untag: 'stepmill:untag-cell',
  load: 'stepmill:load-extension'
} as const;

export interface ICommandOptions {
  app: JupyterFrontEnd;
  model: PipelineModel;
  tracker: INotebookTracker;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
  /** Bring the panel into view. */
  open(): void;
}

/** All that can be done by command, and so by palette, menu, shortcut and other extensions. */
export function addCommands(options: ICommandOptions): void {
  addRunCommands(options);
  addCellCommands(options);
  const { app, model, palette, trans } = options;
  for (const command of Object.values(IDS)) {
    palette?.addItem({ command, category: trans.__('Pipeline') });
  }
  model.stateChanged.connect(() => {
    app.commands.notifyCommandChanged(IDS.run);
    app.commands.notifyCommandChanged(IDS.stop);
  });
}

const NO_ARGUMENTS = { args: { type: 'object' as const, properties: {} } };

function addRunCommands({ app, model, trans, open }: ICommandOptions): void {
  const { commands } = app;
  const toolbarOnly =
    <T>(icon: T) =>
    (args: { toolbar?: unknown }) =>
      args.toolbar ? icon : undefined;
  commands.addCommand(IDS.open, {
    label: trans.__('Show the Pipeline'),
    icon: toolbarOnly(pipelineIcon),
    describedBy: NO_ARGUMENTS,
    execute: open
  });
  commands.addCommand(IDS.run, {
    label: trans.__('Run the Pipeline'),
    icon: toolbarOnly(runIcon),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => isOver(model.state.run) && (model.state.shown?.graph.steps.length ?? 0) > 0,
    execute: async () => {
      open();
      await model.run();
    }
  });
  commands.addCommand(IDS.stop, {
    label: trans.__('Stop the Run of the Pipeline'),
    icon: toolbarOnly(stopIcon),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => !isOver(model.state.run),
    execute: () => model.stop()
  });
  const visit = visitor(model);
  commands.addCommand(IDS.nextProblem, {
    label: trans.__('Go to the Next Problem of the Pipeline'),
    describedBy: NO_ARGUMENTS,
    execute: () => visit(1)
  });
  commands.addCommand(IDS.previousProblem, {
    label: trans.__('Go to the Previous Problem of the Pipeline'),
    describedBy: NO_ARGUMENTS,
    execute: () => visit(-1)
  });
}

function addCellCommands({ app, tracker, trans }: ICommandOptions): void {
  const { commands } = app;
  const add = (
    id: string,
    label: string,
    isEnabled: (panel: NotebookPanel, index: number) => boolean,
    action: (panel: NotebookPanel) => Promise<void> | void
  ) =>
    commands.addCommand(id, {
      label,
      icon: args => (args.toolbar ? tagIcon : undefined),
      describedBy: NO_ARGUMENTS,
      isEnabled: args => {
        const panel = tracker.currentWidget;
        return panel !== null && isEnabled(panel, cellIndex(app, panel, args));
      },
      execute: async args => {
        const panel = tracker.currentWidget;
        if (!panel) {
          return;
        }
        panel.content.activeCellIndex = cellIndex(app, panel, args);
        try {
          await action(panel);
        } catch (error) {
          await showErrorMessage(label, error instanceof Error ? error.message : String(error));
        }
      }
    });
  const sourceOf = (panel: NotebookPanel, index: number) =>
    panel.content.widgets[index]?.model.sharedModel.getSource() ?? '';
  add(IDS.tag, trans.__('Tag Cell as Step…'), hasCode, panel => tagActiveCell(panel, trans));
  add(
    IDS.untag,
    trans.__('Remove Step Tag'),
    (panel, index) => findTag(sourceOf(panel, index))?.kind === 'step',
    untagActiveCell
  );
  add(
    IDS.load,
    trans.__('Add “%load_ext stepmill” to the Notebook'),
    panel => !isLoaded(panel),
    ensureLoaded
  );
  tracker.activeCellChanged.connect(() => {
    commands.notifyCommandChanged(IDS.tag);
    commands.notifyCommandChanged(IDS.untag);
  });
}

/** The cell under a context menu, which JupyterLab need not have made the active one; else the active one. */
function cellIndex(
  app: JupyterFrontEnd,
  panel: NotebookPanel,
  args: { contextMenu?: unknown }
): number {
  const node = args.contextMenu
    ? app.contextMenuHitTest(one => one.classList.contains('jp-Cell'))
    : undefined;
  const index = panel.content.widgets.findIndex(cell => cell.node === node);
  return index >= 0 ? index : panel.content.activeCellIndex;
}

/** Goes through the problems that have a place, round and round. */
function visitor(model: PipelineModel): (by: number) => Promise<void> {
  let at = -1;
  return async by => {
    const problems = problemsOf(model.state.analysis?.graph.diagnostics ?? []).filter(
      one => one.cell !== null
    );
    at = problems.length ? (at + by + problems.length) % problems.length : -1;
    const problem = problems[at];
    if (problem) {
      await model.revealDiagnostic(problem);
    }
  };
}
