import { InputDialog } from '@jupyterlab/apputils';
import { CodeCell, type ICellModel } from '@jupyterlab/cells';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  findTag,
  isGoodName,
  loadsExtension,
  metadataStep,
  suggestedName,
  withMetadataStep,
  withoutStepTag,
  withStepTag
} from './step-tag';

const LOAD = '%load_ext stepmill';

/** How cells are tagged: by a `%%step` line, or by their metadata. */
export type Form = 'magic' | 'metadata';

/**
 * Ask for a name and tag the active cell with it, or the next one that has code. For a `%%step` line
 * make sure that some cell loads stepmill. A notebook that has steps keeps to the form that they have.
 */
export async function tagActiveCell(
  panel: NotebookPanel,
  trans: TranslationBundle,
  preferred: Form
): Promise<void> {
  goToCode(panel);
  const cell = panel.content.activeCell?.model;
  if (cell?.type !== 'code') {
    return;
  }
  const source = cell.sharedModel.getSource();
  const tag = findTag(source);
  const suggestion =
    tag?.kind === 'step' || metadataStep(cell.metadata)
      ? tag?.name || metadataStep(cell.metadata)
      : suggestedName(source, headingAbove(panel, cell), namesIn(panel));
  const { value, button } = await InputDialog.getText({
    title: trans.__('Tag Cell as Step'),
    label: trans.__(
      'Cells with one name are one step. A name has letters, digits, _, - and . in it.'
    ),
    text: suggestion,
    okLabel: trans.__('Tag')
  });
  const name = value?.trim() ?? '';
  if (!button.accept || !name) {
    return;
  }
  if (!isGoodName(name)) {
    throw new Error(
      trans.__(
        '“%1” cannot name a step: letters, digits, _, - and ., a letter first, and not “setup”.',
        name
      )
    );
  }
  if (tag === null && formOf(panel, preferred) === 'metadata') {
    setMetadataStep(cell, name);
  } else {
    // others may have edited the cell while the name was asked for
    cell.sharedModel.setSource(withStepTag(cell.sharedModel.getSource(), name));
    await ensureLoaded(panel);
  }
  NotebookActions.focusActiveCell(panel.content);
}

/** Take the active cell out of its step. */
export function untagActiveCell(panel: NotebookPanel): void {
  const cell = panel.content.activeCell?.model;
  const source = cell?.sharedModel.getSource() ?? '';
  if (findTag(source)?.kind === 'step') {
    cell?.sharedModel.setSource(withoutStepTag(source));
  }
  if (cell && metadataStep(cell.metadata)) {
    setMetadataStep(cell, '');
  }
}

/** Whether the cell at a place belongs to a step by its own words. */
export function isTagged(panel: NotebookPanel, index: number): boolean {
  const cell = panel.content.widgets[index]?.model;
  const isMagic = findTag(cell?.sharedModel.getSource() ?? '')?.kind === 'step';
  return isMagic || (cell !== undefined && metadataStep(cell.metadata) !== '');
}

/** Put `%load_ext stepmill` on top if no cell has it, and run it, so that tagged cells still run. */
export async function ensureLoaded(panel: NotebookPanel): Promise<void> {
  const shared = panel.content.model?.sharedModel;
  if (!shared || loadsExtension(codeSources(panel))) {
    return;
  }
  const active = panel.content.activeCell?.model.id;
  shared.insertCell(0, { cell_type: 'code', source: LOAD, metadata: {} });
  const added = panel.content.widgets[0];
  panel.content.activeCellIndex = panel.content.widgets.findIndex(cell => cell.model.id === active);
  if (added instanceof CodeCell && panel.sessionContext.session?.kernel) {
    await CodeCell.execute(added, panel.sessionContext);
  }
}

/** Whether there is a cell that can be a step. */
export function hasCode(panel: NotebookPanel): boolean {
  return cellsOf(panel).some(cell => cell.type === 'code');
}

/** Whether some cell of the notebook loads stepmill. */
export function isLoaded(panel: NotebookPanel): boolean {
  return loadsExtension(codeSources(panel));
}

/** Key by key: keys that are missing in an object that is set as a whole would stay. */
function setMetadataStep(cell: ICellModel, name: string): void {
  const metadata = withMetadataStep(cell.metadata, name);
  for (const key of ['stepmill', 'tags']) {
    if (metadata[key] === undefined) {
      cell.deleteMetadata(key);
    } else {
      cell.setMetadata(key, metadata[key]);
    }
  }
}

function formOf(panel: NotebookPanel, preferred: Form): Form {
  const hasMagic = namesIn(panel).length > 0;
  const hasMetadata = cellsOf(panel).some(cell => metadataStep(cell.metadata) !== '');
  return hasMagic === hasMetadata ? preferred : hasMagic ? 'magic' : 'metadata';
}

function goToCode({ content }: NotebookPanel): void {
  const from = content.activeCellIndex;
  const isCode = (cell: (typeof content.widgets)[number]) => cell.model.type === 'code';
  const next = content.widgets.findIndex((cell, index) => index >= from && isCode(cell));
  content.activeCellIndex = next >= 0 ? next : content.widgets.findIndex(isCode);
}

function codeSources(panel: NotebookPanel): string[] {
  return cellsOf(panel)
    .filter(cell => cell.type === 'code')
    .map(cell => cell.sharedModel.getSource());
}

function namesIn(panel: NotebookPanel): string[] {
  return codeSources(panel).flatMap(source => findTag(source)?.name || []);
}

/** The last markdown heading above a cell; "" if there is none. */
function headingAbove(panel: NotebookPanel, cell: ICellModel): string {
  const cells = cellsOf(panel);
  const above = cells.slice(0, cells.indexOf(cell)).reverse();
  const headings = above
    .filter(one => one.type === 'markdown')
    .map(one => /^#{1,6}\s+(.+)$/m.exec(one.sharedModel.getSource())?.[1] ?? '');
  return headings.find(heading => heading) ?? '';
}

function cellsOf(panel: NotebookPanel): ICellModel[] {
  return panel.content.widgets.map(cell => cell.model);
}
