import type { ReactNode } from 'react';
import type { IComparison, IDiffRow, IOutputRow, IPictureRow, IRow } from '../../client/past';
import { cellText, diffGroups, isTelling, rowName, unmeasured } from '../../model/comparison';
import { Picture } from '../picture';
import { type Directions, useView } from '../view-widget';
import { Letter } from './letter';
import { Metrics } from './metrics';
import { RunTable } from './run-table';

/** What the runs are made of and gave, in the order of cause; sections without rows are left out. */
export function Sections({
  found,
  path,
  isWhole,
  better,
  onBetter
}: {
  found: IComparison;
  path: string;
  isWhole: boolean;
  better: Directions;
  onBetter(better: Directions): void;
}): JSX.Element {
  const { trans } = useView();
  const outputs = unmeasured(found);
  const sections: [string, number, ReactNode][] = [
    [
      trans.__('Parameters'),
      found.parameters.length,
      <Rows key="p" found={found} rows={found.parameters} />
    ],
    [trans.__('Code'), found.code.length, <Code key="c" found={found} />],
    [
      trans.__('Environment'),
      found.environment.length,
      <Rows key="e" found={found} rows={found.environment} />
    ],
    [trans.__('Files'), found.files.length, <Rows key="f" found={found} rows={found.files} />],
    [
      trans.__('Results'),
      outputs.length,
      <Outputs key="o" found={found} outputs={outputs} path={path} />
    ],
    [
      trans.__('Metrics'),
      found.metrics.length,
      <Metrics key="m" found={found} better={better} onBetter={onBetter} />
    ],
    [trans.__('Pictures'), found.pictures.length, <Pictures key="i" found={found} path={path} />],
    [trans.__('Text outputs'), found.texts.length, <Texts key="t" found={found} />],
    [
      trans.__('Durations'),
      found.durations.length,
      <Rows key="d" found={found} rows={found.durations} words={{ cached: trans.__('reused') }} />
    ]
  ];
  const shown = sections.filter(([, count]) => count > 0);
  return (
    <>
      {shown.map(([title, , content]) => (
        <section key={title} className="jp-Stepmill-part" aria-label={title}>
          <h2>{title}</h2>
          {content}
        </section>
      ))}
      {!shown.length && (
        <p className="jp-Stepmill-quiet">
          {isWhole
            ? trans.__('Nothing is known of these runs: they ended before their first step.')
            : trans.__(
                'Nothing differs. Take the tick from “Differences only” to see what is the same.'
              )}
        </p>
      )}
    </>
  );
}

function Rows({
  found,
  rows,
  words = {}
}: {
  found: IComparison;
  rows: readonly IRow[];
  /** What is said instead of some values. */
  words?: Readonly<Record<string, string>>;
}): JSX.Element {
  const { trans } = useView();
  return (
    <RunTable found={found} what={trans.__('Name')}>
      {rows.map(row => (
        <tr key={rowName(row)} data-equal={row.is_equal}>
          <th scope="row">{rowName(row)}</th>
          {row.values.map((value, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: one value a run, in the order of the runs
            <td key={index} data-other={value !== row.values[0]} title={value ?? undefined}>
              {words[value ?? ''] ?? cellText(value)}
            </td>
          ))}
        </tr>
      ))}
    </RunTable>
  );
}

function Code({ found }: { found: IComparison }): JSX.Element {
  const { trans } = useView();
  return (
    <>
      {found.code.map(row => (
        <Diffs
          key={row.title}
          found={found}
          row={row}
          title={row.title}
          about={row.is_layout && !row.is_equal ? trans.__('comments or layout only') : ''}
        />
      ))}
    </>
  );
}

function Texts({ found }: { found: IComparison }): JSX.Element {
  const { trans } = useView();
  return (
    <>
      {found.texts.map((row, index) => (
        <Diffs
          // biome-ignore lint/suspicious/noArrayIndexKey: a cell can stand in two rows
          key={index}
          found={found}
          row={row}
          title={trans.__('%1, cell [%2]', row.step, row.cell)}
        />
      ))}
    </>
  );
}

function Diffs({
  found,
  row,
  title,
  about = ''
}: {
  found: IComparison;
  row: IDiffRow;
  title: string;
  about?: string;
}): JSX.Element {
  const { trans } = useView();
  if (row.is_equal) {
    return <p className="jp-Stepmill-quietLine">{trans.__('%1: the same', title)}</p>;
  }
  const groups = diffGroups(found, row);
  const first = found.runs[0]?.letter ?? '';
  if (!groups.length) {
    return (
      <p className="jp-Stepmill-quietLine">
        {trans.__('%1: differs only in what is not kept of so long a text', title)}
      </p>
    );
  }
  return (
    <>
      {groups.map(({ letters, lines }) => (
        <figure key={letters.join()} className="jp-Stepmill-diff">
          <figcaption>
            <b>{title}</b> <Letter letter={first} /> →{' '}
            {letters.map(letter => (
              <Letter key={letter} letter={letter} />
            ))}{' '}
            <span className="jp-Stepmill-place">{about}</span>
          </figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre tabIndex={0}>
            {lines.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines of a diff have no other identity
              <span key={index} data-line={KINDS[line[0] ?? ''] ?? 'same'}>
                {line || ' '}
              </span>
            ))}
          </pre>
        </figure>
      ))}
    </>
  );
}

const KINDS: Record<string, string> = { '+': 'added', '-': 'removed', '@': 'place' };

function Outputs({
  found,
  outputs,
  path
}: {
  found: IComparison;
  outputs: readonly IOutputRow[];
  path: string;
}): JSX.Element {
  const drawn = new Set(found.pictures.map(row => row.step));
  return (
    <>
      {outputs.map(row => (
        <div key={JSON.stringify([row.step, row.name])} className="jp-Stepmill-output">
          <p>
            <b>
              {row.step} {row.name}
            </b>{' '}
            <span className="jp-Stepmill-place">
              {shortType(row)} · <OutputWords found={found} row={row} />
            </span>
          </p>
          {isTelling(row) && <Details found={found} row={row} />}
          {row.pictures.some(Boolean) && !row.is_equal && !drawn.has(row.step) && (
            <SideBySide
              found={found}
              path={path}
              digests={row.pictures}
              what={`${row.step} ${row.name}`}
            />
          )}
        </div>
      ))}
    </>
  );
}

/** What was noted down of a value; folded where that is long. */
function Details({ found, row }: { found: IComparison; row: IOutputRow }): JSX.Element {
  const { trans } = useView();
  const rows = <Rows found={found} rows={row.details} />;
  return row.details.length <= MOST_UNFOLDED ? (
    rows
  ) : (
    <details>
      <summary>{trans.__('%1 things that differ', row.details.length)}</summary>
      {rows}
    </details>
  );
}

const MOST_UNFOLDED = 6;

function OutputWords({ found, row }: { found: IComparison; row: IOutputRow }): JSX.Element {
  const { trans } = useView();
  const lacking = found.runs
    .filter((_, index) => row.digests[index] === null)
    .map(run => run.letter);
  const words = row.is_equal
    ? trans.__('the same')
    : lacking.length
      ? trans.__('not in %1', lacking.join(', '))
      : row.removed.length
        ? trans.__('differs; removed from the store in %1', row.removed.join(', '))
        : isTelling(row)
          ? trans.__('differs')
          : trans.__('differs, in nothing that was noted down of it');
  return <span>{words}</span>;
}

function Pictures({ found, path }: { found: IComparison; path: string }): JSX.Element {
  const { trans } = useView();
  return (
    <>
      {found.pictures.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a cell can draw several pictures
        <div key={index} className="jp-Stepmill-output">
          <p>
            <b>{trans.__('%1, cell [%2]', row.step, row.cell)}</b>{' '}
            <span className="jp-Stepmill-place">
              {row.is_equal ? trans.__('the same') : trans.__('differs')}
            </span>
          </p>
          <SideBySide found={found} path={path} digests={row.digests} what={pictureName(row)} />
        </div>
      ))}
    </>
  );
}

function SideBySide({
  found,
  path,
  digests,
  what
}: {
  found: IComparison;
  path: string;
  digests: readonly (string | null)[];
  what: string;
}): JSX.Element {
  const { trans } = useView();
  return (
    <div className="jp-Stepmill-side">
      {found.runs.map((run, index) => {
        const digest = digests[index];
        return (
          <figure key={run.run_id}>
            <figcaption>
              <Letter letter={run.letter} />
            </figcaption>
            {digest ? (
              <Picture
                path={path}
                run={run.run_id}
                digest={digest}
                name={trans.__('%1 in %2', what, run.letter)}
              />
            ) : (
              <p className="jp-Stepmill-quiet">{trans.__('no picture')}</p>
            )}
          </figure>
        );
      })}
    </div>
  );
}

function pictureName(row: IPictureRow): string {
  return `${row.step}, cell [${row.cell}]`;
}

function shortType(row: IOutputRow): string {
  return (row.type_names.find(Boolean) ?? '').split('.').pop() ?? '';
}
