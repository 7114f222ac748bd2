import type { IComparison } from '../../client/past';
import { metricChange, rowName, rowNumbers } from '../../model/comparison';
import { type Direction, directionOf, turned } from '../../model/directions';
import { type Directions, useView } from '../view-widget';
import { Charts } from './charts';
import { RunTable } from './run-table';

/** The metrics of the runs as a table and as charts; better and worse are told where it is known which is which. */
export function Metrics({
  found,
  better,
  onBetter
}: {
  found: IComparison;
  better: Directions;
  onBetter(better: Directions): void;
}): JSX.Element {
  const { trans } = useView();
  return (
    <>
      <RunTable found={found} what={trans.__('Metric')}>
        {found.metrics.map(row => {
          const values = found.runs.map(run => run.metrics[row.name]);
          const texts = rowNumbers(values);
          const direction = better[row.name] ?? directionOf(row.name);
          return (
            <tr key={rowName(row)} data-equal={row.is_equal}>
              <th scope="row">
                {rowName(row)}{' '}
                <DirectionButton
                  name={row.name}
                  direction={direction}
                  onTurn={() => onBetter({ ...better, [row.name]: turned(direction) })}
                />
              </th>
              {texts.map((text, index) => (
                <td
                  // biome-ignore lint/suspicious/noArrayIndexKey: one value a run, in the order of the runs
                  key={index}
                  data-other={values[index] !== values[0]}
                  title={values[index] === undefined ? undefined : String(values[index])}
                >
                  {text}
                  <Change found={found} name={row.name} index={index} direction={direction} />
                </td>
              ))}
            </tr>
          );
        })}
      </RunTable>
      <Charts found={found} />
    </>
  );
}

function DirectionButton({
  name,
  direction,
  onTurn
}: {
  name: string;
  direction: Direction;
  onTurn(): void;
}): JSX.Element {
  const { trans } = useView();
  const words: Record<Direction, string> = {
    higher: trans.__('higher is better'),
    lower: trans.__('lower is better'),
    '': trans.__('neither is better')
  };
  return (
    <button
      type="button"
      className="jp-Stepmill-direction"
      title={trans.__('As the name says. Press to turn it round, and once more for neither.')}
      aria-label={trans.__('%1: %2. Turn round', name, words[direction])}
      onClick={onTurn}
    >
      {words[direction]}
    </button>
  );
}

function Change({
  found,
  name,
  index,
  direction
}: {
  found: IComparison;
  name: string;
  index: number;
  direction: Direction;
}): JSX.Element | null {
  const { trans } = useView();
  const change = metricChange(found, name, index, direction);
  if (!change) {
    return null;
  }
  const word =
    change.isBetter === null ? '' : change.isBetter ? trans.__('better') : trans.__('worse');
  return (
    <span
      className="jp-Stepmill-change"
      data-tone={change.isBetter === null ? 'quiet' : change.isBetter ? 'good' : 'bad'}
    >
      <span aria-hidden="true">{change.isUp ? '▲' : '▼'}</span> {change.text} {word}
    </span>
  );
}
