import { LabIcon } from '@jupyterlab/ui-components';
import pipelineSvg from '../style/icon.svg';

export const pipelineIcon = new LabIcon({ name: 'stepmill:icon', svgstr: pipelineSvg });
