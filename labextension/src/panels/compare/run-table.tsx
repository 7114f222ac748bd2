import type { ReactNode } from 'react';
import type { IComparison } from '../../client/past';
import { Wide } from '../wide';
import { Letter } from './letter';

/** A table with a column for each run; `what` names the first column for those who do not see it. */
export function RunTable({
  found,
  what,
  children
}: {
  found: IComparison;
  what: string;
  children: ReactNode;
}): JSX.Element {
  return (
    <Wide>
      <table className="jp-Stepmill-table jp-mod-values">
        <thead>
          <tr>
            <th scope="col">
              <span className="jp-Stepmill-unseen">{what}</span>
            </th>
            {found.runs.map(run => (
              <th scope="col" key={run.letter}>
                <Letter letter={run.letter} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Wide>
  );
}
