import type { IColumn, IPreview, IStoredValue } from '../../client/past';
import { shortNumber } from '../../model/past-runs';
import { Picture } from '../picture';
import { useView } from '../view-widget';
import { Wide } from '../wide';

/** A value as it was noted down when it was stored. Nothing is loaded for it. */
export function Preview({
  value,
  path,
  run
}: {
  value: IStoredValue;
  path: string;
  run: string;
}): JSX.Element {
  const { trans } = useView();
  const { preview = {}, picture } = value;
  if (!value.is_stored) {
    return (
      <p className="jp-Stepmill-quiet">
        {trans.__('It was removed from the store. Run the pipeline again to have it.')}
      </p>
    );
  }
  if (preview.masked) {
    return (
      <p className="jp-Stepmill-quiet">
        {trans.__('Not shown: its name says that it is a secret.')}
      </p>
    );
  }
  const hasMore = Boolean(
    preview.text ||
      preview.head?.length ||
      preview.rows?.length ||
      preview.statistics?.length ||
      preview.parameters ||
      preview.fitted ||
      picture
  );
  return (
    <>
      {preview.problem && <p className="jp-Stepmill-quiet">{preview.problem}</p>}
      {picture && <Picture path={path} run={run} digest={picture} name={value.name} />}
      {preview.rows?.length ? <Head preview={preview} name={value.name} /> : null}
      {preview.statistics?.length ? <Statistics preview={preview} /> : null}
      <Pairs title={trans.__('Parameters')} pairs={preview.parameters} />
      <Pairs title={trans.__('Fitted')} pairs={preview.fitted} />
      {preview.text && !preview.parameters && (
        <pre className="jp-Stepmill-text">{preview.text}</pre>
      )}
      {preview.head?.length && !preview.statistics?.length ? (
        <pre className="jp-Stepmill-text">{preview.head.join(', ')}</pre>
      ) : null}
      {!hasMore && !preview.problem && (
        <p className="jp-Stepmill-quiet">{trans.__('Nothing more was noted down of it.')}</p>
      )}
    </>
  );
}

function Head({ preview, name }: { preview: IPreview; name: string }): JSX.Element {
  const { trans } = useView();
  const { rows = [], columns = [], index = [] } = preview;
  return (
    <Wide>
      <table className="jp-Stepmill-table jp-mod-data">
        <caption>{trans.__('First rows of %1', name)}</caption>
        {columns.length > 0 && (
          <thead>
            <tr>
              <td />
              {columns.map((column, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns may have equal names
                <th scope="col" key={at}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other identity
            <tr key={at}>
              <th scope="row">{index[at] ?? at}</th>
              {row.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: nor have their cells
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Statistics({ preview }: { preview: IPreview }): JSX.Element {
  const { trans } = useView();
  const { statistics = [], sampled } = preview;
  return (
    <Wide>
      <table className="jp-Stepmill-table">
        <caption>
          {sampled
            ? trans.__('Statistics of %1 sampled rows', sampled.toLocaleString())
            : trans.__('Statistics')}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Column')}</th>
            <th scope="col">{trans.__('Type')}</th>
            <th scope="col">{trans.__('Missing')}</th>
            <th scope="col">{trans.__('Histogram')}</th>
            <th scope="col">{trans.__('Values')}</th>
          </tr>
        </thead>
        <tbody>
          {statistics.map((column, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: columns may have equal names
            <tr key={at}>
              <th scope="row">{column.name ?? trans.__('values')}</th>
              <td>{column.dtype ?? preview.dtype ?? ''}</td>
              <td className="jp-Stepmill-number">{column.missing ?? ''}</td>
              <td>{column.histogram && <Histogram bins={column.histogram} />}</td>
              <td className="jp-Stepmill-figures">{columnText(column)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Histogram({ bins }: { bins: readonly number[] }): JSX.Element {
  const most = Math.max(...bins, 1);
  return (
    <svg className="jp-Stepmill-histogram" width={bins.length * 5} height={18} aria-hidden="true">
      {bins.map((count, at) => {
        const height = count ? Math.max(1, (count / most) * 18) : 0;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: bins have a fixed order
          <rect key={at} x={at * 5} y={18 - height} width={4} height={height} />
        );
      })}
    </svg>
  );
}

function columnText(column: IColumn): string {
  if (column.min !== undefined && column.max !== undefined) {
    const number = (value: number | string) =>
      typeof value === 'number' ? shortNumber(value) : value;
    const mean = typeof column.mean === 'number' ? `, ⌀ ${shortNumber(column.mean)}` : '';
    return `${number(column.min)} … ${number(column.max)}${mean}`;
  }
  return (column.top ?? []).map(([word, count]) => `${word} (${count})`).join(', ');
}

function Pairs({
  title,
  pairs
}: {
  title: string;
  pairs: Record<string, string> | undefined;
}): JSX.Element | null {
  const entries = Object.entries(pairs ?? {});
  if (!entries.length) {
    return null;
  }
  return (
    <Wide>
      <table className="jp-Stepmill-table jp-mod-values">
        <caption>{title}</caption>
        <tbody>
          {entries.map(([name, text]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
