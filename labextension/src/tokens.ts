import { Token } from '@lumino/coreutils';
import type { PipelineModel } from './model/model';

/** The pipeline of the notebook in front, for other extensions too. */
export const IPipelineModel = new Token<PipelineModel>(
  'stepmill:IPipelineModel',
  'The pipeline of the notebook in front: its steps, its problems, its runs.'
);
