import type { PipelineClient } from '../client/client';
import type { IFix, ILog, Json } from '../client/documents';
import { asProblem, type RequestProblem } from '../client/problem';
import type { INotebookView } from '../notebook/view';
import { acceptable } from './accepting';
import type { IPipelineState } from './state';

/** What an errand needs of the model. */
export interface IErrandHost {
  readonly client: PipelineClient;
  readonly state: IPipelineState;
  readonly view: INotebookView | null;
  /** The values in the form that differ from the notebook's. */
  values(): Record<string, Json>;
  set(part: Partial<IPipelineState>): void;
}

/** What is written or fetched for the user beside a run. What goes wrong stands in `state.errandProblem`. */
export class Errands {
  constructor(private readonly _host: IErrandHost) {}

  /** Have a step written as a notebook that loads its inputs; returns its path, null if it could not be. */
  openStep(name: string): Promise<string | null> {
    return this._do(async view => {
      await view.save();
      return this._host.client.openStep(view.path, name, this._host.values());
    });
  }

  /** Have steps proposed in a copy; returns its path, null if there is none. */
  suggest(metadata: boolean): Promise<string | null> {
    return this._do(async view => {
      await view.save();
      return this._host.client.suggest(view.path, metadata);
    });
  }

  /** Put what the cells showed in a run under the notebook's cells; says how many, null if it could not be. */
  acceptOutputs(
    runId: string
  ): Promise<{ taken: number; skipped: number; hasHtml: boolean } | null> {
    return this._do(async view => {
      const ran = await this._host.client.outputs(view.path, runId);
      const { outputs, skipped } = acceptable(view.cells, ran);
      view.setOutputs(outputs);
      const hasHtml = outputs.some(one => JSON.stringify(one.outputs).includes('"text/html":'));
      return { taken: outputs.length, skipped, hasHtml };
    });
  }

  /** Make the change that a diagnostic offers, in the editor; nothing once its cells changed under it. */
  fix(fix: IFix): void {
    const { view, state } = this._host;
    const now = new Map(view?.cells.map(cell => [cell.id, cell.source]));
    const { cellIds = [], sources = [] } = state.analysis ?? {};
    if (fix.edits.every(({ cell }) => now.get(cellIds[cell] ?? '') === sources[cell])) {
      view?.edit(fix.edits, cellIds);
    }
  }

  /** What a step of a run printed since the byte `after`. Rejects with `RequestProblem`. */
  log(runId: string, step: string, after: number): Promise<ILog> {
    return this._host.client.log(this._host.view?.path ?? '', runId, step, after);
  }

  /** Forget what went wrong. */
  dismiss(): void {
    this._host.set({ errandProblem: null });
  }

  private async _do<T>(errand: (view: INotebookView) => Promise<T>): Promise<T | null> {
    const { view } = this._host;
    if (!view || this._host.state.isOnErrand) {
      return null;
    }
    this._host.set({ isOnErrand: true, errandProblem: null });
    let result: T | null = null;
    let problem: RequestProblem | null = null;
    try {
      result = await errand(view);
    } catch (error) {
      problem = asProblem(error);
    }
    if (this._host.view === view) {
      this._host.set({ isOnErrand: false, errandProblem: problem });
    }
    return result;
  }
}
