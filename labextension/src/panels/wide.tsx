import type { ReactNode } from 'react';

/** What may be wider than its place, and is scrolled then: by keyboard too. */
export function Wide({ children }: { children: ReactNode }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <div className="jp-Stepmill-wide" tabIndex={0}>
      {children}
    </div>
  );
}
