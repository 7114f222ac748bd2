import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { PipelineModel } from '../model/model';
import { LabNotebookView } from './lab-view';

/** Keep the model on the notebook in front, also when its file is renamed. */
export function followFront(
  model: PipelineModel,
  tracker: INotebookTracker,
  localPath: (path: string) => string
): void {
  let followed: NotebookPanel | null = null;
  let view: LabNotebookView | null = null;
  const follow = () => {
    const panel = tracker.currentWidget;
    view?.dispose();
    view = panel?.context.isReady
      ? new LabNotebookView(panel, localPath(panel.context.path))
      : null;
    model.follow(view);
  };
  const change = () => {
    followed?.context.pathChanged.disconnect(follow);
    followed = tracker.currentWidget;
    followed?.context.pathChanged.connect(follow);
    follow();
    const panel = followed;
    if (panel && !panel.context.isReady) {
      void panel.context.ready.then(() => panel === followed && follow());
    }
  };
  tracker.currentChanged.connect(change);
  change();
}
