import { Widget } from '@lumino/widgets';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { IComparison } from '../../client/past';
import { chartSpec, chartsOf, type IChartColours } from '../../model/comparison';
import { useView } from '../view-widget';

const MIME = 'application/vnd.vegalite.v5+json';
const MOST_CHARTS = 12;

/** The metrics as charts, by JupyterLab's own renderer for Vega-Lite; nothing where it is not installed. */
export function Charts({ found }: { found: IComparison }): JSX.Element | null {
  const { trans, rendermime } = useView();
  const colours = useColours(found.runs.map(run => run.letter));
  const charts = useMemo(() => chartsOf(found).slice(0, MOST_CHARTS), [found]);
  if (!charts.length || !rendermime.mimeTypes.includes(MIME)) {
    return null;
  }
  return (
    <div className="jp-Stepmill-charts">
      {charts.map(chart => (
        <Chart
          key={chart.metric}
          spec={chartSpec(chart, colours)}
          name={
            chart.parameter
              ? trans.__('%1 by %2', chart.metric, chart.parameter)
              : trans.__('%1 of each run', chart.metric)
          }
        />
      ))}
    </div>
  );
}

function Chart({ spec, name }: { spec: object; name: string }): JSX.Element {
  const { rendermime } = useView();
  const host = useRef<HTMLDivElement>(null);
  const text = JSON.stringify(spec);
  useEffect(() => {
    const node = host.current;
    if (!node) {
      return;
    }
    const renderer = rendermime.createRenderer(MIME);
    Widget.attach(renderer, node);
    const model = rendermime.createModel({
      data: { [MIME]: JSON.parse(text) },
      metadata: { [MIME]: { embed_options: { actions: false } } },
      trusted: true
    });
    let isGone = false;
    renderer.renderModel(model).catch(error => {
      if (!isGone) {
        node.textContent = String(error);
      }
    });
    return () => {
      isGone = true;
      renderer.dispose();
    };
  }, [rendermime, text]);
  return <div ref={host} className="jp-Stepmill-chart" role="img" aria-label={name} />;
}

/** The colours in force, read anew when the theme changes. */
function useColours(letters: readonly string[]): IChartColours {
  const { themeChanged } = useView();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const changed = () => requestAnimationFrame(() => setTurn(known => known + 1));
    themeChanged?.connect(changed);
    return () => {
      themeChanged?.disconnect(changed);
    };
  }, [themeChanged]);
  const key = letters.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` counts the themes
  return useMemo(() => {
    const style = getComputedStyle(document.body);
    const of = (name: string) => style.getPropertyValue(name).trim();
    return {
      text: of('--jp-ui-font-color1'),
      line: of('--jp-border-color2'),
      font: of('--jp-ui-font-family'),
      runs: Object.fromEntries(key.split(',').map(letter => [letter, runColour(letter)]))
    };
  }, [key, turn]);
}

/** The colour of a run as the style sheet has it. */
function runColour(letter: string): string {
  const probe = document.createElement('span');
  probe.className = 'jp-Stepmill-letter';
  probe.dataset.letter = letter;
  probe.hidden = true;
  document.body.append(probe);
  const colour = getComputedStyle(probe).backgroundColor;
  probe.remove();
  return colour;
}
