import { ReactWidget } from '@jupyterlab/ui-components';
import { type IPanel, PanelContext } from './context';

type Message = Parameters<ReactWidget['processMessage']>[0];

/**
 * A section of the panel: a widget that draws React, with what all sections share. It is drawn when
 * it is first seen: JupyterLab attaches panels that nobody has opened, too.
 */
export class ReactSection extends ReactWidget {
  constructor(
    private readonly _panel: IPanel,
    private readonly _draw: () => JSX.Element
  ) {
    super();
    this.addClass('jp-Stepmill-section');
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected override onUpdateRequest(message: Message): void {
    if (this.isVisible) {
      super.onUpdateRequest(message);
    }
  }

  protected override render(): JSX.Element {
    return <PanelContext.Provider value={this._panel}>{this._draw()}</PanelContext.Provider>;
  }
}
