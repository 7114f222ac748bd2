import type { SectionName } from './context';
import { HeaderSection } from './header/section';
import { PipelineSection, type View } from './pipeline/section';
import { ProblemsSection } from './problems/section';
import { RunSection } from './run/section';
import { RunsSection } from './runs/section';

export interface ISectionProps {
  name: SectionName | 'header';
  view: View;
  onView(view: View): void;
}

/** The default export, because this module is a chunk of its own that is loaded when the panel is first drawn. */
export default function Section({ name, view, onView }: ISectionProps): JSX.Element {
  switch (name) {
    case 'header':
      return (
        <HeaderSection
          isList={view === 'list'}
          onToggle={() => onView(view === 'list' ? 'graph' : 'list')}
        />
      );
    case 'pipeline':
      return <PipelineSection view={view} />;
    case 'problems':
      return <ProblemsSection />;
    case 'run':
      return <RunSection />;
    case 'runs':
      return <RunsSection />;
  }
}
