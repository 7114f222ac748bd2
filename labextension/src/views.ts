import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  type IThemeManager,
  type MainAreaWidget,
  Notification,
  showErrorMessage,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { HistoryClient } from './client/history';
import type { IViewServices, View, ViewArgs } from './panels/view-widget';

export const VIEW_COMMANDS = {
  compare: 'stepmill:compare-runs',
  step: 'stepmill:show-step',
  notebook: 'stepmill:show-executed-notebook'
} as const;
const RESTORE = 'stepmill:restore-view';

export interface IViewOptions {
  app: JupyterFrontEnd;
  client: HistoryClient;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry;
  editors: IEditorServices;
  themes: IThemeManager | null;
  restorer: ILayoutRestorer | null;
}

/** The views in the main area, each by a command that other extensions may call too. */
export function addViews(options: IViewOptions): void {
  const { app, client, trans, rendermime, themes, restorer } = options;
  const tracker = new WidgetTracker<MainAreaWidget<View>>({ namespace: 'stepmill-views' });
  const services: IViewServices = {
    client,
    trans,
    rendermime,
    themeChanged: themes?.themeChanged ?? null,
    execute: (command, args) => void app.commands.execute(command, args),
    copy: (text, what) => {
      Clipboard.copyToSystem(text);
      Notification.info(trans.__('%1 copied', what), { autoClose: 2000 });
    }
  };
  const open = async (args: ViewArgs) => {
    const { idOf, viewWidget } = await import('./panels/view-widget');
    const known = tracker.find(one => one.id === idOf(args));
    const widget = known ?? viewWidget(services, args);
    if (known) {
      known.content.args = args;
    } else {
      widget.content.argsChanged.connect(() => void tracker.save(widget));
      app.shell.add(widget, 'main');
      void tracker.add(widget);
    }
    app.shell.activateById(widget.id);
  };
  const notebooks = new WidgetTracker<MainAreaWidget>({ namespace: 'stepmill-notebooks' });
  const executed = new ExecutedNotebooks(options, notebooks);
  addCommands(options, open, executed);
  void restorer?.restore(notebooks, {
    command: RESTORE,
    args: widget => ({ notebook: executed.argsOf(widget) }),
    name: widget => widget.id
  });
  void restorer?.restore(tracker, {
    command: RESTORE,
    args: widget => ({ view: widget.content.args }),
    name: widget => widget.id
  });
}

function addCommands(
  options: IViewOptions,
  open: (args: ViewArgs) => Promise<void>,
  executed: ExecutedNotebooks
): void {
  const { app, trans } = options;
  const text = { type: 'string' as const };
  app.commands.addCommand(VIEW_COMMANDS.compare, {
    label: trans.__('Compare Runs'),
    describedBy: {
      args: {
        type: 'object',
        properties: { path: text, runs: { type: 'array', items: text } },
        required: ['path', 'runs']
      }
    },
    execute: args => {
      const { path, runs } = args as { path: string; runs: string[] };
      return open({ kind: 'comparison', path, runs, everything: false });
    }
  });
  app.commands.addCommand(VIEW_COMMANDS.step, {
    label: trans.__('Show a Step of a Run'),
    describedBy: {
      args: {
        type: 'object',
        properties: { path: text, run: text, step: text },
        required: ['path', 'run']
      }
    },
    execute: args => {
      const { path, run, step = '' } = args as { path: string; run: string; step?: string };
      return open({ kind: 'step', path, run, step });
    }
  });
  app.commands.addCommand(VIEW_COMMANDS.notebook, {
    label: trans.__('Show the Executed Notebook of a Run'),
    describedBy: {
      args: {
        type: 'object',
        properties: { path: text, run: text, step: text },
        required: ['path', 'run']
      }
    },
    execute: args => {
      const { path, run, step = '' } = args as unknown as INotebookArgs;
      return executed.show({ path, run, step });
    }
  });
  app.commands.addCommand(RESTORE, {
    label: trans.__('Restore a View of Runs'),
    describedBy: {
      args: {
        type: 'object',
        properties: { view: { type: 'object' }, notebook: { type: 'object' } }
      }
    },
    execute: async ({ view, notebook }) => {
      if (isView(view)) {
        await open(view);
      } else if (isNotebook(notebook)) {
        await executed.restore(notebook).catch(error => {
          console.warn(`stepmill: an executed notebook is not shown again: ${error}`);
        });
      }
    }
  });
}

interface INotebookArgs {
  path: string;
  run: string;
  /** "" for the whole notebook. */
  step: string;
}

/** The tabs with notebooks as they were executed. */
class ExecutedNotebooks {
  constructor(
    private readonly _options: IViewOptions,
    private readonly _tracker: WidgetTracker<MainAreaWidget>
  ) {}

  async show(args: INotebookArgs): Promise<void> {
    const { trans } = this._options;
    try {
      await this.restore(args);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await showErrorMessage(trans.__('The executed notebook cannot be shown'), message);
    }
  }

  /** As `show`, for what was open before a reload: a run that is gone by now is left out in silence. */
  async restore(args: INotebookArgs): Promise<void> {
    const { app } = this._options;
    const { path, run, step } = args;
    const { notebookId, notebookWidget } = await import('./panels/artifacts/notebook');
    const known = this._tracker.find(one => one.id === notebookId(run, step));
    const widget = known ?? (await notebookWidget(this._options, path, run, step));
    if (!known) {
      this._args.set(widget, args);
      app.shell.add(widget, 'main');
      void this._tracker.add(widget);
    }
    app.shell.activateById(widget.id);
  }

  argsOf(widget: MainAreaWidget): ReadonlyPartialJSONObject {
    return { ...this._args.get(widget) };
  }

  private readonly _args = new WeakMap<MainAreaWidget, INotebookArgs>();
}

function isNotebook(value: unknown): value is INotebookArgs {
  const kept = value as Partial<Record<string, unknown>> | null;
  return [kept?.path, kept?.run, kept?.step].every(part => typeof part === 'string');
}

/** What was kept may be of another version of ours: then it is dropped. */
function isView(value: unknown): value is ViewArgs {
  const view = value as Partial<Record<string, unknown>> | null;
  if (typeof view?.path !== 'string') {
    return false;
  }
  return view.kind === 'step'
    ? typeof view.run === 'string' && typeof view.step === 'string'
    : view.kind === 'comparison' && Array.isArray(view.runs) && view.runs.length > 1;
}
