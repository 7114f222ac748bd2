import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import type { PipelineModel } from '../model/model';
import type { RunsModel } from '../model/runs-model';
import type { IPipelineState } from '../model/state';

/** What the sections of the panel share. */
export interface IPanel {
  model: PipelineModel;
  runs: RunsModel;
  trans: TranslationBundle;
  /** Open a section, and bring it into view. */
  open(section: SectionName): void;
  execute(command: string, args?: ReadonlyPartialJSONObject): void;
  /** Show a notebook by its path; nothing if there is none. */
  openNotebook(path: string | null): void;
}

export type SectionName = 'pipeline' | 'problems' | 'run' | 'runs';

export const PanelContext = createContext<IPanel | null>(null);

export function usePanel(): IPanel {
  const panel = useContext(PanelContext);
  if (!panel) {
    throw new Error('a section is drawn outside of its panel');
  }
  return panel;
}

/** The model's state; draws again when it is replaced. */
export function usePipeline(): IPipelineState {
  const { model } = usePanel();
  const subscribe = useCallback(
    (notify: () => void) => {
      model.stateChanged.connect(notify);
      return () => {
        model.stateChanged.disconnect(notify);
      };
    },
    [model]
  );
  return useSyncExternalStore(subscribe, () => model.state);
}
