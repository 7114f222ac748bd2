import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { AccordionPanel } from '@lumino/widgets';
import { lazy, Suspense } from 'react';
import { pipelineIcon } from '../icons';
import type { PipelineModel } from '../model/model';
import { problemsOf } from '../model/problems';
import type { RunsModel } from '../model/runs-model';
import type { SectionName } from './context';
import { depthOf } from './pipeline/bowed';
import type { View } from './pipeline/section';
import { ReactSection } from './react-section';

// A chunk of its own: nothing that is drawn is loaded before the panel is.
const Section = lazy(() => import('./sections'));

const NAMES: readonly SectionName[] = ['pipeline', 'problems', 'run', 'runs'];
/** Heights in pixels: of a title, and of a layer of a graph with what surrounds it. */
const TITLE_HEIGHT = 32;
const LAYER_HEIGHT = 80;
/** What of the height the steps take at least and at most, and beside more than one other section. */
const STEPS_SHARE = { least: 0.42, most: 0.67, crowded: 0.45 };
/** How the others share the rest. */
const SIZES = [2, 4, 5];
const LEAST_HEIGHT = 160;
const FOLDED: readonly SectionName[] = ['problems', 'runs'];

export interface IPanelOptions {
  model: PipelineModel;
  runs: RunsModel;
  translator: ITranslator;
  trans: TranslationBundle;
  execute(command: string, args?: ReadonlyPartialJSONObject): void;
  /** Called when the user chose how to see the steps. */
  onView(view: View): void;
}

/** The side panel: a header, and sections that fold. */
export class PipelinePanel extends SidePanel {
  constructor(private readonly _options: IPanelOptions) {
    super({ translator: _options.translator });
    const { trans, model } = _options;
    this.id = 'stepmill-panel';
    this.addClass('jp-Stepmill');
    this.title.icon = pipelineIcon;
    this.title.caption = trans.__('Pipeline (stepmill)');
    this.node.tabIndex = -1; // from here Tab goes to the first button, drawn or still to come
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Pipeline'));
    this._head = this._section('header');
    this._sections = {
      pipeline: this._section('pipeline'),
      problems: this._section('problems'),
      run: this._section('run'),
      runs: this._section('runs')
    };
    this.header.addWidget(this._head);
    for (const name of NAMES) {
      this.addWidget(this._sections[name]);
    }
    this._accordion.expansionToggled.connect(this._onToggled, this);
    model.stateChanged.connect(this._update, this);
    this._update();
  }

  /** How the steps are shown; `automatic` goes by the width and the number of steps. */
  set view(view: View) {
    this._view = view;
    this._head.update();
    this._sections.pipeline.update();
  }

  override dispose(): void {
    this._options.model.stateChanged.disconnect(this._update, this);
    super.dispose();
  }

  protected override onAfterShow(): void {
    this._options.model.isShown = true;
    this._arrangeLater();
  }

  protected override onAfterHide(): void {
    this._options.model.isShown = false;
  }

  private get _accordion(): AccordionPanel {
    return this.content as AccordionPanel;
  }

  private readonly _open = (name: SectionName): void => {
    this._accordion.expand(NAMES.indexOf(name));
  };

  /** Sections are there only while there is a pipeline; their titles count what is in them. */
  private _update(): void {
    const { model, trans } = this._options;
    const { shown, analysis, run } = model.state;
    const problems = problemsOf(analysis?.graph.diagnostics ?? []).length;
    const hasPipeline = (shown?.graph.steps.length ?? 0) > 0 || problems > 0;
    this.content.setHidden(!hasPipeline);
    this._arrangeLater();
    const labels: Record<SectionName, string> = {
      pipeline: trans.__('Steps'),
      problems: problems ? trans.__('Problems (%1)', problems) : trans.__('Problems'),
      run: trans.__('Run'),
      runs: trans.__('Runs')
    };
    for (const name of NAMES) {
      const { title } = this._sections[name];
      if (title.label !== labels[name]) {
        title.label = labels[name];
      }
    }
    const failed = run?.status === 'failed' ? run.id : '';
    if (failed && failed !== this._lastFailed) {
      this._open('run');
      requestAnimationFrame(() => {
        this._sections.run.node.scrollTop = 0; // where it says why
      });
    }
    this._lastFailed = failed;
  }

  /** Fold what is not needed at first, once: sections remember the height that they had, so they need one. */
  private _arrangeLater(): void {
    if (this._isArranged || this.isHidden || this.content.isHidden) {
      return;
    }
    requestAnimationFrame(() => {
      if (this._isArranged || !this.content.node.offsetHeight) {
        return;
      }
      this._isArranged = true;
      for (const name of FOLDED) {
        this._accordion.collapse(NAMES.indexOf(name));
      }
      this._share();
    });
  }

  /** Give a section that unfolds its share where the accordion has left it without height. */
  private _onToggled(_: AccordionPanel, index: number): void {
    const section = this._sections[NAMES[index] ?? 'run'];
    requestAnimationFrame(() => {
      if (section.isVisible && section.node.offsetHeight < LEAST_HEIGHT) {
        this._share();
      }
    });
  }

  private _share(): void {
    const isFolded = NAMES.map(name => this._sections[name].isHidden);
    const isCrowded = isFolded.filter(folded => !folded).length > 2;
    const steps = Math.min(this._stepsShare(), isCrowded ? STEPS_SHARE.crowded : 1);
    const others = SIZES.filter((_, index) => !isFolded[index + 1]).reduce(
      (sum, one) => sum + one,
      0
    );
    const sizes = [steps, ...SIZES.map(size => (size / (others || 1)) * (1 - steps))];
    this._accordion.setRelativeSizes(sizes.map((size, index) => (isFolded[index] ? 0 : size)));
  }

  /** A short graph leaves its room to the others. */
  private _stepsShare(): number {
    const room = this._accordion.node.offsetHeight - NAMES.length * TITLE_HEIGHT;
    const layers = depthOf(this._options.model.state.shown?.graph.edge_details ?? []);
    const wanted = ((layers + 0.5) * LAYER_HEIGHT) / Math.max(1, room);
    return Math.min(STEPS_SHARE.most, Math.max(STEPS_SHARE.least, wanted));
  }

  private _section(name: SectionName | 'header'): ReactSection {
    const { model, runs, trans, execute, onView } = this._options;
    const draw = () => (
      <Suspense fallback={null}>
        <Section name={name} view={this._view} onView={onView} />
      </Suspense>
    );
    const openNotebook = (path: string | null) => path && execute('docmanager:open', { path });
    return new ReactSection({ model, runs, trans, execute, openNotebook, open: this._open }, draw);
  }

  private _view: View = 'automatic';
  private _lastFailed = '';
  private _isArranged = false;
  private readonly _head: ReactSection;
  private readonly _sections: Record<SectionName, ReactSection>;
}
