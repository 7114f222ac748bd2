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
  addCommands(options, open);
  void restorer?.restore(tracker, {
    command: RESTORE,
    args: widget => ({ view: widget.content.args }),
    name: widget => widget.id
  });
}

function addCommands(options: IViewOptions, open: (args: ViewArgs) => Promise<void>): void {
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
    execute: args => showNotebook(options, args)
  });
  app.commands.addCommand(RESTORE, {
    label: trans.__('Restore a View of Runs'),
    describedBy: { args: { type: 'object', properties: { view: { type: 'object' } } } },
    execute: async ({ view }) => {
      if (isView(view)) {
        await open(view);
      }
    }
  });
}

async function showNotebook(options: IViewOptions, args: ReadonlyPartialJSONObject): Promise<void> {
  const { app, trans } = options;
  const { path, run, step = '' } = args as { path: string; run: string; step?: string };
  try {
    const { notebookWidget } = await import('./panels/artifacts/notebook');
    const widget = await notebookWidget(options, path, run, step);
    if (!widget.isAttached) {
      app.shell.add(widget, 'main');
    }
    app.shell.activateById(widget.id);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await showErrorMessage(trans.__('The executed notebook cannot be shown'), message);
  }
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
