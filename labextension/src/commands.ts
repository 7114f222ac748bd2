import type { JupyterFrontEnd } from '@jupyterlab/application';
import { type ICommandPalette, Notification, showErrorMessage } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { runIcon, stopIcon } from '@jupyterlab/ui-components';
import { pipelineIcon } from './icons';
import type { PipelineModel } from './model/model';
import { problemsOf } from './model/problems';
import { isOver } from './model/run';
import {
  ensureLoaded,
  type Form,
  hasCode,
  isLoaded,
  isTagged,
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
  load: 'stepmill:load-extension',
  runFromCell: 'stepmill:run-from-cell',
  runOnlyCell: 'stepmill:run-only-cell',
  openStep: 'stepmill:open-step',
  suggest: 'stepmill:suggest-steps'
} as const;

export interface ICommandOptions {
  app: JupyterFrontEnd;
  model: PipelineModel;
  tracker: INotebookTracker;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
  /** Bring the panel into view. */
  open(): void;
  /** As `open`, and put the keyboard's focus there. */
  enter(): void;
  /** How cells are tagged where the notebook does not say. */
  form(): Form;
}

/** All that can be done by command, and so by palette, menu, shortcut and other extensions. */
export function addCommands(options: ICommandOptions): void {
  addRunCommands(options);
  addCellCommands(options);
  addStepCommands(options);
  const { app, model, palette, trans } = options;
  for (const command of Object.values(IDS)) {
    palette?.addItem({ command, category: trans.__('Pipeline') });
  }
  model.stateChanged.connect(() => {
    app.commands.notifyCommandChanged(IDS.run);
    app.commands.notifyCommandChanged(IDS.stop);
    app.commands.notifyCommandChanged(IDS.runFromCell);
  });
}

const NO_ARGUMENTS = { args: { type: 'object' as const, properties: {} } };

function addRunCommands({ app, model, trans, open, enter }: ICommandOptions): void {
  const { commands } = app;
  const toolbarOnly =
    <T>(icon: T) =>
    (args: { toolbar?: unknown }) =>
      args.toolbar ? icon : undefined;
  commands.addCommand(IDS.open, {
    label: trans.__('Show the Pipeline'),
    icon: toolbarOnly(pipelineIcon),
    describedBy: NO_ARGUMENTS,
    execute: enter
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

function addCellCommands({ app, tracker, trans, form }: ICommandOptions): void {
  const { commands } = app;
  const add = (
    id: string,
    label: string,
    isEnabled: (panel: NotebookPanel, index: number) => boolean,
    action: (panel: NotebookPanel) => Promise<void> | void
  ) =>
    commands.addCommand(id, {
      label,
      icon: args => (args.toolbar ? pipelineIcon : undefined),
      describedBy: NO_ARGUMENTS,
      isVisible: args => !args.toolbar || tracker.activeCell?.model.type === 'code',
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
  add(IDS.tag, trans.__('Tag Cell as Step…'), hasCode, panel =>
    tagActiveCell(panel, trans, form())
  );
  add(IDS.untag, trans.__('Remove Step Tag'), isTagged, untagActiveCell);
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

/** What can be done with the step of a cell: the one under a context menu, else the active one. */
function addStepCommands({ app, model, tracker, trans, open, form }: ICommandOptions): void {
  const { commands } = app;
  const stepAt = (args: { contextMenu?: unknown }): string => {
    const panel = tracker.currentWidget;
    const cell = panel?.content.widgets[panel ? cellIndex(app, panel, args) : -1];
    const index = model.state.analysis?.cellIds.indexOf(cell?.model.id ?? '') ?? -1;
    return model.state.analysis?.cells[index]?.step ?? '';
  };
  const add = (id: string, label: string, action: (step: string) => Promise<void>) =>
    commands.addCommand(id, {
      label,
      describedBy: NO_ARGUMENTS,
      isEnabled: args => stepAt(args) !== '' && isOver(model.state.run),
      execute: args => action(stepAt(args))
    });
  const show = async (path: string | null) => {
    if (path) {
      await commands.execute('docmanager:open', { path });
    } else {
      open(); // there it says why
    }
  };
  add(IDS.runFromCell, trans.__('Run the Pipeline from This Step'), step => {
    open();
    return model.run({ from: [step] });
  });
  add(IDS.runOnlyCell, trans.__('Run Only This Step'), step => {
    open();
    return model.run({ steps: [step], refresh: [step] });
  });
  add(IDS.openStep, trans.__('Open This Step with Its Inputs'), async step =>
    show(await model.errands.openStep(step))
  );
  commands.addCommand(IDS.suggest, {
    label: trans.__('Suggest Steps in a Copy of the Notebook'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.state.notebook?.isPython === true,
    execute: async () => {
      const before = model.state.notebook?.name ?? '';
      const path = await model.errands.suggest(form() === 'metadata');
      await show(path);
      if (path) {
        const text = trans.__('Steps are proposed in %1. %2 is as it was.', path, before);
        Notification.success(text, { autoClose: 6000 });
      }
    }
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
      await model.go.toDiagnostic(problem);
    }
  };
}
