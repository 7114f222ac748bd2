import type { IDiagnostic, IPlace } from '../client/documents';
import type { INotebookView } from '../notebook/view';
import type { IPipelineState } from './state';

type Ids = readonly string[];

/** Leads to cells and lines of the notebook in front. Cells are counted as they were when it was said. */
export class Navigator {
  constructor(
    private readonly _state: () => IPipelineState,
    private readonly _view: () => INotebookView | null
  ) {}

  /** Remember how cells are numbered in a run that starts now. */
  noteRun(runId: string, cellIds: Ids): void {
    this._ofRuns.set(runId, cellIds);
  }

  async toStep(name: string): Promise<void> {
    const { shown } = this._state();
    await this._reveal(
      shown?.cellIds,
      shown?.graph.steps.find(step => step.name === name)?.cells[0]
    );
  }

  /** Show a line that the graph names, as the evidence of an edge. */
  async toPlace(place: IPlace): Promise<void> {
    await this._reveal(this._state().shown?.cellIds, place.cell, place.line);
  }

  async toDiagnostic({ cell, line }: Pick<IDiagnostic, 'cell' | 'line'>): Promise<void> {
    await this._reveal(this._state().analysis?.cellIds, cell, line);
  }

  /** Show a line that an error of the run names: cells as they were numbered when it started. */
  async toLineOfRun(
    runId: string,
    cell: number | null | undefined,
    line?: number | null
  ): Promise<void> {
    const now = this._view()?.cells.map(one => one.id);
    await this._reveal(this._ofRuns.get(runId) ?? now, cell, line);
  }

  private async _reveal(
    cellIds: Ids | undefined,
    cell: number | null | undefined,
    line?: number | null
  ): Promise<void> {
    const id = cell === null || cell === undefined ? undefined : cellIds?.[cell];
    if (id !== undefined) {
      await this._view()?.reveal(id, line);
    }
  }

  private readonly _ofRuns = new Map<string, Ids>();
}
