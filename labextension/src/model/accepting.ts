import type { IPostedCell, IRunOutputs } from '../client/documents';
import type { ICellOutputs } from '../notebook/view';

/** Which outputs of a run belong under the cells as they are now. */
export interface IAcceptable {
  outputs: ICellOutputs[];
  /** How many cells of the run were edited or removed since. */
  skipped: number;
}

/**
 * Outputs go under the cell that gave them, and only while its source is what ran. Cells are known
 * by their ids; in notebooks without ids by their place.
 */
export function acceptable(
  cells: readonly IPostedCell[],
  ran: readonly IRunOutputs[]
): IAcceptable {
  const byId = new Map(cells.map(cell => [cell.id, cell]));
  const outputs = ran.flatMap(one => {
    const cell = one.id ? byId.get(one.id) : cells[one.index];
    return cell?.cell_type === 'code' && cell.source === one.source
      ? [{ id: cell.id, outputs: one.outputs, execution_count: one.execution_count }]
      : [];
  });
  return { outputs, skipped: ran.length - outputs.length };
}
