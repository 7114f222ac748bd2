import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { INotebookContent } from '@jupyterlab/nbformat';
import { Notebook, NotebookModel, StaticNotebook } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { notebookIcon } from '@jupyterlab/ui-components';
import type { HistoryClient } from '../../client/history';

export interface INotebookOptions {
  client: HistoryClient;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry;
  editors: IEditorServices;
}

/** The notebook that a run, or one step of it, executed: to read, without a kernel. Its outputs are not trusted. */
export async function notebookWidget(
  { client, trans, rendermime, editors }: INotebookOptions,
  path: string,
  run: string,
  step: string
): Promise<MainAreaWidget> {
  const document = (await client.notebook(path, run, step)) as INotebookContent;
  const model = new NotebookModel();
  model.fromJSON({
    ...document,
    metadata: {
      language_info: { name: 'python', mimetype: 'text/x-ipython' },
      ...document.metadata
    },
    // without their ids: badges are for the cells of the notebook itself
    cells: document.cells.map(({ id: _, ...cell }) => cell)
  } as INotebookContent);
  model.readOnly = true;
  const content = new StaticNotebook({
    rendermime: rendermime.clone(),
    contentFactory: new Notebook.ContentFactory({
      editorFactory: editors.factoryService.newInlineEditor
    }),
    mimeTypeService: editors.mimeTypeService,
    notebookConfig: { ...StaticNotebook.defaultNotebookConfig, windowingMode: 'none' }
  });
  content.model = model;
  for (const cell of content.widgets) {
    cell.readOnly = true;
  }
  const widget = new MainAreaWidget({ content });
  widget.id = notebookId(run, step);
  widget.toolbar.hide();
  const name = path.split('/').pop() ?? '';
  widget.title.label = step
    ? trans.__('%1 as executed: %2', step, name)
    : trans.__('%1 as executed', name);
  widget.title.caption = trans.__('Run %1, to read only', run);
  widget.title.icon = notebookIcon;
  widget.title.closable = true;
  widget.disposed.connect(() => model.dispose());
  return widget;
}

/** One tab for each notebook that was executed. */
export function notebookId(run: string, step: string): string {
  return `stepmill-notebook-${run}-${step}`;
}
