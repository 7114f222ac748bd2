import type { IPostedCell } from '../client/documents';

/** For each cell the last markdown heading above it, or in it; "" before the first. */
export function headingsOf(cells: readonly IPostedCell[]): string[] {
  let heading = '';
  return cells.map(cell => {
    if (cell.cell_type === 'markdown') {
      heading = /^#{1,6}\s+(.+)$/m.exec(cell.source)?.[1]?.trim() ?? heading;
    }
    return heading;
  });
}
