import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';
import { createContext, lazy, Suspense, useContext } from 'react';
import type { HistoryClient } from '../client/history';
import { pipelineIcon } from '../icons';
import type { Direction } from '../model/directions';

// Chunks of their own, loaded when a view of that kind is first shown.
const CompareView = lazy(() => import('./compare/view'));
const StepView = lazy(() => import('./artifacts/view'));

/** Which way metrics get better, where the user says it otherwise than their names. */
export type Directions = Readonly<Record<string, Direction>>;

/** What a view in the main area shows; kept over a reload of the page. */
export type ViewArgs =
  | { kind: 'comparison'; path: string; runs: string[]; everything: boolean; better?: Directions }
  | { kind: 'step'; path: string; run: string; step: string };

export interface IViewServices {
  client: HistoryClient;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry;
  /** Fires when the colours are others; null where there are no themes. */
  themeChanged: ISignal<unknown, unknown> | null;
  execute(command: string, args: ReadonlyPartialJSONObject): void;
  /** Put a text on the clipboard, and say so. */
  copy(text: string, what: string): void;
}

export const ViewContext = createContext<IViewServices | null>(null);

export function useView(): IViewServices {
  const services = useContext(ViewContext);
  if (!services) {
    throw new Error('a view is drawn outside of its widget');
  }
  return services;
}

/** The content of a view: draws React, and remembers what it shows. */
export class View extends ReactWidget {
  constructor(
    private readonly _services: IViewServices,
    private _args: ViewArgs
  ) {
    super();
    this.addClass('jp-Stepmill');
    this.addClass('jp-Stepmill-view');
  }

  get args(): ViewArgs {
    return this._args;
  }

  set args(args: ViewArgs) {
    this._args = args;
    this._argsChanged.emit();
    this.update();
  }

  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  protected override render(): JSX.Element {
    const { trans } = this._services;
    const args = this._args;
    return (
      <ViewContext.Provider value={this._services}>
        <Suspense fallback={<p className="jp-Stepmill-quiet">{trans.__('Loading…')}</p>}>
          {args.kind === 'comparison' ? (
            <CompareView
              args={args}
              onArgs={changed => {
                this.args = { ...args, ...changed };
              }}
            />
          ) : (
            <StepView
              args={args}
              onStep={step => {
                this.args = { ...args, step };
              }}
            />
          )}
        </Suspense>
      </ViewContext.Provider>
    );
  }

  private readonly _argsChanged = new Signal<this, void>(this);
}

/** Views of the same runs are one. */
export function idOf(args: ViewArgs): string {
  const about = args.kind === 'comparison' ? [...args.runs].sort().join('-') : args.run;
  return `stepmill-${args.kind}-${about}`;
}

export function viewWidget(services: IViewServices, args: ViewArgs): MainAreaWidget<View> {
  const { trans } = services;
  const content = new View(services, args);
  const widget = new MainAreaWidget({ content });
  widget.id = idOf(args);
  widget.toolbar.hide();
  const name = () => args.path.split('/').pop() ?? '';
  const label = () => {
    const now = content.args;
    return now.kind === 'comparison'
      ? trans.__('Compare: %1', name())
      : trans.__('%1: %2', now.step, name());
  };
  const entitle = () => {
    widget.title.label = label();
    widget.title.caption = args.path;
    widget.title.icon = pipelineIcon;
    widget.title.closable = true;
  };
  content.argsChanged.connect(entitle);
  entitle();
  return widget;
}
