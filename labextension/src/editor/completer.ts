import type {
  CompletionHandler,
  ICompletionContext,
  ICompletionProvider
} from '@jupyterlab/completer';
import type { PipelineModel } from '../model/model';
import type { IStepNames } from '../notebook/step-completion';
import { findTag } from '../notebook/step-tag';

/** Completes `%%step` lines: the names of steps and flags. Silent everywhere else. */
export class StepLineCompleter implements ICompletionProvider {
  constructor(private readonly _model: PipelineModel) {}

  readonly identifier = 'stepmill:step-line';
  readonly rank = 1000;

  async isApplicable({ editor }: ICompletionContext): Promise<boolean> {
    const source = editor?.model.sharedModel.getSource() ?? '';
    const line = editor?.getCursorPosition().line ?? -1;
    return findTag(source)?.line === line || /^\s*%%?\w*$/.test(source.split('\n')[0] ?? '');
  }

  async fetch({
    text,
    offset
  }: CompletionHandler.IRequest): Promise<CompletionHandler.ICompletionItemsReply> {
    const { completionsAt } = await import('../notebook/step-completion');
    const found = completionsAt(text, offset, this._names(findTag(text)?.name ?? ''));
    return {
      start: found?.start ?? offset,
      end: offset,
      items: (found?.words ?? []).map(label => ({ label, type: 'stepmill' }))
    };
  }

  private _names(own: string): IStepNames {
    const steps = this._model.state.shown?.graph.steps ?? [];
    const step = steps.find(one => one.name === own);
    return {
      steps: steps.map(one => one.name),
      inputs: Object.keys(step?.inputs ?? {}),
      outputs: step?.outputs ?? []
    };
  }
}
