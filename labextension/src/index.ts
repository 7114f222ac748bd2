import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { version } from '../package.json';
import { PipelineClient } from './client/client';
import { HistoryClient } from './client/history';
import { labStart, labTransport } from './client/transport';
import { addCommands } from './commands';
import { StepLineCompleter } from './editor/completer';
import { CellEditors } from './editor/extension';
import { PipelineModel } from './model/model';
import { type IRunsMemory, RunsModel } from './model/runs-model';
import { followFront } from './notebook/front';
import type { Form } from './notebook/tagging';
import { PipelinePanel } from './panels/panel';
import type { View } from './panels/pipeline/section';
import { IPipelineModel } from './tokens';
import { addViews } from './views';

const SETTINGS = 'stepmill:plugin';
const DRAFTS = 'stepmill:drafts';

const model: JupyterFrontEndPlugin<PipelineModel> = {
  id: 'stepmill:model',
  description: 'Reads the pipeline of the notebook in front.',
  autoStart: true,
  provides: IPipelineModel,
  requires: [INotebookTracker],
  optional: [ISettingRegistry, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    registry: ISettingRegistry | null,
    state: IStateDB | null
  ) => {
    const { serverSettings } = app.serviceManager;
    const client = new PipelineClient(labTransport(serverSettings));
    const pipeline = new PipelineModel(client, version, labStart(serverSettings));
    document.addEventListener('visibilitychange', () => pipeline.lookAgain());
    followFront(pipeline, tracker, path => app.serviceManager.contents.localPath(path));
    onSettings(registry, settings => {
      pipeline.delay = settings.delay;
    });
    if (state) {
      void pipeline.restoreDrafts({
        fetch: () => state.fetch(DRAFTS),
        save: drafts => state.save(DRAFTS, drafts)
      });
    }
    return pipeline;
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: SETTINGS,
  description: 'The side panel, and its commands.',
  autoStart: true,
  requires: [IPipelineModel, INotebookTracker],
  optional: [ILayoutRestorer, ICommandPalette, ISettingRegistry, ITranslator, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    pipeline: PipelineModel,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    database: IStateDB | null
  ) => {
    const trans = (translator ?? nullTranslator).load('stepmill');
    const client = new HistoryClient(labTransport(app.serviceManager.serverSettings));
    const widget = new PipelinePanel({
      model: pipeline,
      runs: new RunsModel(pipeline, client, database && memoryIn(database)),
      translator: translator ?? nullTranslator,
      trans,
      execute: (command, args) => void app.commands.execute(command, args),
      onView: view => {
        widget.view = view;
        void registry?.set(SETTINGS, 'view', view);
      }
    });
    let form: Form = 'magic';
    app.shell.add(widget, 'right', { rank: 600, type: 'Pipeline' });
    restorer?.add(widget, widget.id);
    addCommands({
      app,
      model: pipeline,
      tracker,
      palette,
      trans,
      open: () => app.shell.activateById(widget.id),
      enter: () => {
        app.shell.activateById(widget.id);
        widget.node.focus();
      },
      form: () => form
    });
    onSettings(registry, settings => {
      widget.view = settings.view;
      form = settings.tags;
    });
  }
};

const views: JupyterFrontEndPlugin<void> = {
  id: 'stepmill:views',
  description: 'Past runs in the main area: compared, step by step, as executed notebooks.',
  autoStart: true,
  requires: [IRenderMimeRegistry, IEditorServices],
  optional: [ILayoutRestorer, IThemeManager, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    editors: IEditorServices,
    restorer: ILayoutRestorer | null,
    themes: IThemeManager | null,
    translator: ITranslator | null
  ) => {
    addViews({
      app,
      client: new HistoryClient(labTransport(app.serviceManager.serverSettings)),
      trans: (translator ?? nullTranslator).load('stepmill'),
      rendermime,
      editors,
      themes,
      restorer
    });
  }
};

const editor: JupyterFrontEndPlugin<void> = {
  id: 'stepmill:editor',
  description: 'Badges in step cells, and problems underlined.',
  autoStart: true,
  requires: [IPipelineModel, IEditorExtensionRegistry],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    _: JupyterFrontEnd,
    pipeline: PipelineModel,
    extensions: IEditorExtensionRegistry,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const editors = new CellEditors(pipeline, (translator ?? nullTranslator).load('stepmill'));
    editors.register(extensions);
    onSettings(registry, settings => {
      editors.areBadgesOn = settings.badges;
      editors.areSquigglesOn = settings.problems;
    });
  }
};

const completer: JupyterFrontEndPlugin<void> = {
  id: 'stepmill:completer',
  description: 'Completes %%step lines.',
  autoStart: true,
  requires: [IPipelineModel, ICompletionProviderManager],
  activate: (
    _: JupyterFrontEnd,
    pipeline: PipelineModel,
    completions: ICompletionProviderManager
  ) => {
    completions.registerProvider(new StepLineCompleter(pipeline));
  }
};

interface ISettings {
  badges: boolean;
  problems: boolean;
  delay: number;
  view: View;
  tags: Form;
}

function onSettings(registry: ISettingRegistry | null, apply: (settings: ISettings) => void): void {
  void registry?.load(SETTINGS).then(loaded => {
    const changed = () => apply(loaded.composite as unknown as ISettings);
    loaded.changed.connect(changed);
    changed();
  });
}

/** Which metrics are shown, by notebook. */
function memoryIn(database: IStateDB): IRunsMemory {
  const key = (path: string) => `stepmill:run-columns:${path}`;
  return {
    fetch: async path => {
      const kept = await database.fetch(key(path));
      return Array.isArray(kept) ? kept.filter(one => typeof one === 'string') : null;
    },
    save: (path, columns) => void database.save(key(path), [...columns])
  };
}

export default [model, panel, views, editor, completer];
