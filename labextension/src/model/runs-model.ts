import { type ISignal, Signal } from '@lumino/signaling';
import type { HistoryClient } from '../client/history';
import type { IPastRun } from '../client/past';
import { asProblem, type RequestProblem } from '../client/problem';
import type { PipelineModel } from './model';
import { Newest } from './newest';
import { type ISort, MOST_COMPARED, NEWEST_FIRST } from './past-runs';

const LISTED = 100;

export interface IRunsState {
  path: string;
  /** null until they were read. */
  runs: readonly IPastRun[] | null;
  /** How many there are, listed or not. */
  total: number;
  problem: RequestProblem | null;
  /** Ids of the runs that are ticked. */
  chosen: readonly string[];
  filter: string;
  sort: ISort;
  /** Metrics that the user chose as columns; null: the first ones. */
  columns: readonly string[] | null;
  /** Runs that were deleted last, and can come back. */
  deleted: readonly string[];
  /** Why the last deletion or its undoing failed. */
  refusal: RequestProblem | null;
}

const EMPTY: IRunsState = {
  path: '',
  runs: null,
  total: 0,
  problem: null,
  chosen: [],
  filter: '',
  sort: NEWEST_FIRST,
  columns: null,
  deleted: [],
  refusal: null
};

/** What of the list is kept by notebook. */
export interface IRunsMemory {
  fetch(path: string): Promise<readonly string[] | null>;
  save(path: string, columns: readonly string[]): void;
}

/**
 * The past runs of the notebook in front, and what the user does with them.
 *
 * It follows the pipeline's model: when that has read the runs anew, so does this; else it asks nothing.
 */
export class RunsModel {
  constructor(
    private readonly _pipeline: PipelineModel,
    private readonly _client: HistoryClient,
    private readonly _memory: IRunsMemory | null = null
  ) {
    _pipeline.stateChanged.connect(this._onPipeline);
    this._onPipeline();
  }

  get state(): IRunsState {
    return this._state;
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  async refresh(): Promise<void> {
    const { path } = this._state;
    if (!path) {
      return;
    }
    try {
      const found = await this._lists.ask(() => this._client.runs(path, LISTED));
      if (found) {
        const ids = new Set(found.runs.map(run => run.run_id));
        const chosen = this._state.chosen.filter(id => ids.has(id));
        this._set({ runs: found.runs, total: found.total, problem: null, chosen });
      }
    } catch (error) {
      this._set({ problem: asProblem(error) });
    }
  }

  choose(runId: string, isChosen: boolean): void {
    const others = this._state.chosen.filter(id => id !== runId);
    if (!isChosen || others.length < MOST_COMPARED) {
      this._set({ chosen: isChosen ? [...others, runId] : others });
    }
  }

  chooseNone(): void {
    this._set({ chosen: [] });
  }

  set filter(filter: string) {
    this._set({ filter });
  }

  set sort(sort: ISort) {
    this._set({ sort });
  }

  set columns(columns: readonly string[]) {
    this._set({ columns });
    this._memory?.save(this._state.path, columns);
  }

  /** Delete runs; `undo` brings them back. */
  async remove(runIds: readonly string[]): Promise<void> {
    const { path } = this._state;
    const deleted: string[] = [];
    let refusal: RequestProblem | null = null;
    for (const id of runIds) {
      try {
        await this._client.remove(path, id);
        deleted.push(id);
      } catch (error) {
        refusal = asProblem(error);
      }
    }
    this._setFor(path, { deleted, refusal });
    await this._reread(path);
  }

  async undo(): Promise<void> {
    const { path } = this._state;
    const deleted: string[] = []; // still: these can be tried again
    let refusal: RequestProblem | null = null;
    for (const id of this._state.deleted) {
      try {
        await this._client.restore(path, id);
      } catch (error) {
        deleted.push(id);
        refusal = asProblem(error);
      }
    }
    this._setFor(path, { deleted, refusal });
    await this._reread(path);
  }

  dismiss(): void {
    this._set({ deleted: [], refusal: null });
  }

  private async _reread(path: string): Promise<void> {
    if (this._state.path === path) {
      await this.refresh();
    }
  }

  private readonly _onPipeline = (): void => {
    const { notebook, runs } = this._pipeline.state;
    const path = notebook?.path ?? '';
    if (path !== this._state.path) {
      this._lists.forget();
      this._seen = null;
      this._state = { ...EMPTY, path };
      this._stateChanged.emit();
      void this._memory?.fetch(path).then(columns => this._setFor(path, { columns }));
    }
    if (runs !== this._seen) {
      this._seen = runs;
      void this.refresh();
    }
  };

  private _set(part: Partial<IRunsState>): void {
    this._state = { ...this._state, ...part };
    this._stateChanged.emit();
  }

  private _setFor(path: string, part: Partial<IRunsState>): void {
    if (this._state.path === path) {
      this._set(part);
    }
  }

  private _state = EMPTY;
  private _seen: unknown = null;
  private readonly _stateChanged = new Signal<this, void>(this);
  private readonly _lists = new Newest();
}
