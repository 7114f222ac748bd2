import { type ISignal, Signal } from '@lumino/signaling';
import type { PipelineClient } from '../client/client';
import type { IPlan, IRunEvent, IRunScope, IRunSummary, Json } from '../client/documents';
import { asProblem } from '../client/problem';
import { headingsOf } from '../notebook/headings';
import { isStepCell } from '../notebook/step-tag';
import type { INotebookView } from '../notebook/view';
import { DraftMemory, type IDraftStore } from './draft-memory';
import { Errands } from './errands';
import { Navigator } from './navigator';
import { Newest, Pause } from './newest';
import { changedValues, type Drafts, fieldOf } from './parameters';
import { afterEvent, isOver, runOf, startedRun } from './run';
import { ServerWatch } from './server-watch';
import { EMPTY, type IPipelineState, type IShownGraph } from './state';
import { countsOf, editedSteps, textOf } from './steps';

const SYNTAX_ERROR = 'SM110';
const LISTED_RUNS = 20;

/**
 * The pipeline of the notebook in front: what is in it, what a run would do, what runs do.
 *
 * Nothing is asked of the server while the panel is hidden and the notebook has no step.
 */
export class PipelineModel {
  constructor(
    private readonly _client: PipelineClient,
    private readonly _version: string,
    private readonly _serverStart: () => Promise<string> = async () => ''
  ) {
    const model = this;
    this.errands = new Errands({
      client: _client,
      get state() {
        return model._state;
      },
      get view() {
        return model._view;
      },
      values: () => this._values(),
      set: part => this._set(part)
    });
  }

  /** What is done for the user beside a run. */
  readonly errands: Errands;
  /** The ways to cells and lines. */
  readonly go = new Navigator(
    () => this._state,
    () => this._view
  );

  get state(): IPipelineState {
    return this._state;
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  /** Milliseconds without an edit before the notebook is analysed again. */
  set delay(milliseconds: number) {
    this._edits.milliseconds = milliseconds;
  }

  /** Whether somebody looks at the panel. */
  set isShown(shown: boolean) {
    this._isShown = shown;
    this._watch();
    this.lookAgain();
  }

  /** Ask at once where the server was out of reach, as when somebody comes back to the page. */
  lookAgain(): void {
    this._server?.askIfLost();
  }

  /** Show another notebook, or none. */
  follow(view: INotebookView | null): void {
    this._view?.changed.disconnect(this._onEdit);
    this._view?.saved.disconnect(this._onSave);
    this._unwatch();
    this._view = view;
    this._noteSaved();
    const name = view?.path.split('/').pop() ?? '';
    const drafts = this._drafts.get(view?.path ?? '');
    this._state = {
      ...EMPTY,
      notebook: view && { path: view.path, name, isPython: view.isPython },
      drafts
    };
    view?.changed.connect(this._onEdit);
    view?.saved.connect(this._onSave);
    this._stateChanged.emit();
    this._watch();
  }

  /** Type into the field of a parameter; undefined takes the notebook's own value again. */
  edit(name: string, draft: string | undefined): void {
    const { [name]: _, ...others } = this._state.drafts;
    const drafts: Drafts = draft === undefined ? others : { ...others, [name]: draft };
    this._setDrafts(drafts);
  }

  /** Go back to the notebook's own values. */
  resetDrafts(): void {
    this._setDrafts({});
  }

  /** Take up what was typed before the page was loaded again. */
  async restoreDrafts(store: IDraftStore): Promise<void> {
    await this._drafts.restore(store);
    if (this._view && !Object.keys(this._state.drafts).length) {
      this._set({ drafts: this._drafts.get(this._view.path) });
      this._typing.restart();
    }
  }

  private _setDrafts(drafts: Drafts): void {
    const secrets = Object.entries(this._parameters).filter(([, one]) => fieldOf(one) === 'secret');
    this._drafts.set(this._view?.path ?? '', drafts, new Set(secrets.map(([name]) => name)));
    this._set({ drafts });
    this._typing.restart();
  }

  /** Tell the steps that a run would run from the others, until null. */
  light(steps: ReadonlySet<string> | null): void {
    if (steps !== this._state.lit) {
      this._set({ lit: steps });
    }
  }

  /** Save the notebook and run its pipeline, or some of it, with the values in the form. */
  async run(scope: IRunScope = {}): Promise<void> {
    const view = this._view;
    if (!view || this._state.activity !== 'idle' || !isOver(this._state.run)) {
      return;
    }
    this._set({ activity: 'starting', refusal: null });
    try {
      await view.save();
      const id = await this._client.start(view.path, this._values(), scope);
      this.go.noteRun(
        id,
        view.cells.map(cell => cell.id)
      );
      if (this._view === view && this._state.run?.id !== id) {
        const names = this._state.shown?.graph.steps.map(step => step.name) ?? [];
        this._set({ run: startedRun(id, Date.now() / 1000, names) });
      }
    } catch (error) {
      this._setFor(view, { refusal: asProblem(error) });
    }
    this._setFor(view, { activity: 'idle' });
  }

  async stop(): Promise<void> {
    const { run, activity } = this._state;
    const view = this._view;
    if (!view || !run || isOver(run) || activity !== 'idle') {
      return;
    }
    this._set({ activity: 'stopping' });
    try {
      await this._client.cancel(view.path, run.id);
    } catch (error) {
      this._setFor(view, { refusal: asProblem(error), activity: 'idle' });
    }
  }

  /** Ask the server everything again, as after it was out of reach. */
  refresh(): void {
    this._server?.ask();
  }

  private readonly _onEdit = (): void => {
    this._edits.restart();
  };

  private readonly _onSave = (): void => {
    if (this._server) {
      void this._analyze().then(() => this._plan());
    }
  };

  /** Begin to watch the notebook if there is reason to. */
  private _watch(): void {
    const view = this._view;
    if (this._server || !view?.isPython || !(this._isShown || view.cells.some(isStepCell))) {
      return;
    }
    this._server = new ServerWatch(view.path, {
      client: this._client,
      serverStart: this._serverStart,
      isSeen: () => this._isShown && !globalThis.document?.hidden,
      onReached: version => this._onReached(version),
      onEvent: event => this._onEvent(event),
      onProblem: serverProblem => this._set({ serverProblem })
    });
  }

  private _unwatch(): void {
    this._server?.stop();
    this._server = null;
    this._edits.cancel();
    this._typing.cancel();
    this._analyses.forget();
    this._plans.forget();
    this._lists.forget();
  }

  private _onReached(version: string): void {
    const { plan, planProblem, refusal } = this._state;
    this._set({
      otherVersion: version === this._version ? '' : version,
      refusal: refusal?.isOfServer ? null : refusal
    });
    void this._analyze();
    void this._listRuns();
    if (plan || planProblem) {
      void this._plan();
    }
  }

  private _reread(): void {
    const isPython = this._view?.isPython;
    if (this._view && isPython !== this._state.notebook?.isPython) {
      this.follow(this._view); // the kernel has said only now which language it speaks
    } else {
      void this._analyze();
    }
  }

  private async _analyze(): Promise<void> {
    const view = this._view;
    if (!view || !this._server?.isReached) {
      this._watch(); // the first tag may just have been typed
      return;
    }
    const snapshot = view.snapshot();
    this._noteSaved();
    try {
      const analysis = await this._analyses.ask(() => this._client.analyze(view.path, snapshot));
      if (analysis) {
        const cellIds = snapshot.cells.map(cell => cell.id);
        this._set({
          analysis: { ...analysis, cellIds, sources: snapshot.cells.map(cell => cell.source) },
          edited: editedSteps(analysis, snapshot.cells, this._saved.get(view.path)),
          ...this._shownAfter({
            graph: analysis.graph,
            cellIds,
            headings: headingsOf(snapshot.cells)
          })
        });
        this._server?.noteAnalysis(null);
        if (!this._state.plan && !this._state.planProblem) {
          void this._plan();
        }
      }
    } catch (error) {
      this._server?.noteAnalysis(asProblem(error));
    }
  }

  /**
   * Note what is in the file. A notebook is as its file when it is first seen, though JupyterLab may
   * call it dirty at once, for the kernel's metadata.
   */
  private _noteSaved(): void {
    const view = this._view;
    if (view && (!view.isDirty || !this._saved.has(view.path))) {
      this._saved.set(view.path, new Map(view.cells.map(cell => [cell.id, textOf(cell)])));
    }
  }

  private _shownAfter(found: IShownGraph): Pick<IPipelineState, 'shown' | 'unreadable'> {
    const unreadable = found.graph.diagnostics.find(one => one.code === SYNTAX_ERROR) ?? null;
    const { shown } = this._state;
    return { shown: unreadable && shown?.graph.steps.length ? shown : found, unreadable };
  }

  private async _plan(): Promise<void> {
    const view = this._view;
    const { values, isGood } = changedValues(this._parameters, this._state.drafts);
    const { steps, errors } = countsOf(this._state);
    const isOfUse = steps > 0 && errors === 0 && isGood && this._state.edited.size === 0;
    if (!view || !this._server?.isReached || !isOfUse || !isOver(this._state.run)) {
      return; // a plan is of the file: it would be of something else, or refused
    }
    try {
      const plan = await this._plans.ask(() => this._client.plan(view.path, values));
      if (plan) {
        this._set({ plan: byName(plan), planProblem: null });
      }
    } catch (error) {
      const planProblem = asProblem(error);
      this._server?.note(planProblem);
      if (!planProblem.isSuperseded && !planProblem.isOfServer) {
        this._set({ plan: null, planProblem });
      }
    }
  }

  private async _listRuns(): Promise<void> {
    const view = this._view;
    if (!view) {
      return;
    }
    try {
      const runs = await this._lists.ask(() => this._client.runs(view.path, LISTED_RUNS));
      if (runs) {
        const newest = runs[0];
        const run =
          newest && newest.status !== 'running' && isOver(this._state.run)
            ? runOf(newest)
            : this._state.run;
        this._set({ runs, runsProblem: null, run });
        await this._readValues(view, runs[0]);
      }
    } catch (error) {
      const runsProblem = asProblem(error);
      this._server?.note(runsProblem);
      this._set({ runsProblem });
    }
  }

  /** Ask what the newest run gave; the panel does without where that is not known. */
  private async _readValues(view: INotebookView, newest: IRunSummary | undefined): Promise<void> {
    if (newest && newest.status !== 'running') {
      const values = await this._client.values(view.path, newest.run_id).catch(() => ({}));
      this._setFor(view, { values });
    }
  }

  private _onEvent(event: IRunEvent): void {
    const known = this._state.run;
    const isOther = known !== null && known.id !== event.run_id;
    if (isOther && event.event !== 'run-started') {
      return;
    }
    if (isOther && (event.time_s ?? 0) < known.startedAt) {
      return;
    }
    const run = afterEvent(known, event);
    if (run === known) {
      return;
    }
    const isPlanPast = isOver(run) && this._state.edited.size > 0; // what was planned before it ran
    this._set(isOver(run) ? { run, activity: 'idle' } : { run });
    if (isPlanPast) {
      this._set({ plan: null });
    }
    if (isOver(run)) {
      void this._listRuns();
      void this._plan();
    } else if (event.event === 'run-started') {
      this._plans.forget();
      this._set({ refusal: null });
    }
  }

  private get _parameters() {
    return this._state.shown?.graph.parameters ?? {};
  }

  private _values(): Record<string, Json> {
    return changedValues(this._parameters, this._state.drafts).values;
  }

  private _set(part: Partial<IPipelineState>): void {
    this._state = { ...this._state, ...part };
    this._stateChanged.emit();
  }

  /** As `_set`, unless another notebook is shown by now. */
  private _setFor(view: INotebookView | null, part: Partial<IPipelineState>): void {
    if (this._view === view) {
      this._set(part);
    }
  }

  private _state = EMPTY;
  private _view: INotebookView | null = null;
  /** While the notebook is watched. */
  private _server: ServerWatch | null = null;
  private _isShown = false;
  /** By notebook: the sources as they are in its file, by the cell's id, once it was seen unchanged. */
  private readonly _saved = new Map<string, ReadonlyMap<string, string>>();
  private readonly _stateChanged = new Signal<this, void>(this);
  private readonly _drafts = new DraftMemory();
  private readonly _analyses = new Newest();
  private readonly _plans = new Newest();
  private readonly _lists = new Newest();
  private readonly _edits = new Pause(() => this._reread(), 300);
  private readonly _typing = new Pause(() => void this._plan(), 300);
}

function byName(plan: IPlan) {
  return Object.fromEntries(plan.steps.map(({ name, ...step }) => [name, step]));
}
