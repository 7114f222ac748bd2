import { useState } from 'react';
import { usePanel, usePipeline } from '../context';

/** Offers to put what the cells of a run showed under the notebook's cells, and says what became of it. */
export function AcceptOutputs({ runId }: { runId: string }): JSX.Element {
  const { model, trans, execute } = usePanel();
  const { isOnErrand } = usePipeline();
  const [done, setDone] = useState('');
  const [hasHtml, setHasHtml] = useState(false);
  const accept = async () => {
    const result = await model.errands.acceptOutputs(runId);
    if (result) {
      const { taken, skipped } = result;
      setHasHtml(result.hasHtml);
      const texts = [
        trans._n(
          'The outputs of %1 cell are in the notebook.',
          'The outputs of %1 cells are in the notebook.',
          taken
        ),
        skipped
          ? trans._n(
              '%1 cell was edited since, and left alone.',
              '%1 cells were edited since, and left alone.',
              skipped
            )
          : ''
      ];
      setDone(texts.filter(text => text).join(' '));
    }
  };
  return (
    <div className="jp-Stepmill-buttons">
      <button
        type="button"
        className="jp-Button jp-mod-styled"
        disabled={isOnErrand}
        title={trans.__(
          'Show what the cells printed in the run under the cells. Nothing is saved or executed.'
        )}
        onClick={() => void accept()}
      >
        {trans.__('Accept outputs into my notebook')}
      </button>
      {done && (
        <span className="jp-Stepmill-hint" role="status">
          {done}
        </span>
      )}
      {hasHtml && (
        <button
          type="button"
          className="jp-Stepmill-link"
          title={trans.__('JupyterLab shows HTML of a notebook in full only if you trust it')}
          onClick={() => execute('notebook:trust')}
        >
          {trans.__('Trust the notebook')}
        </button>
      )}
    </div>
  );
}
