import { ReactWidget } from '@jupyterlab/ui-components';
import { type IPanel, PanelContext } from './context';

/** A section of the panel: a widget that draws React, with what all sections share. */
export class ReactSection extends ReactWidget {
  constructor(
    private readonly _panel: IPanel,
    private readonly _draw: () => JSX.Element
  ) {
    super();
    this.addClass('jp-Stepmill-section');
  }

  protected override render(): JSX.Element {
    return <PanelContext.Provider value={this._panel}>{this._draw()}</PanelContext.Provider>;
  }
}
