import type { IMark } from './words';

/** An icon in the colour of its tone; the word goes beside it, or to screen readers and the tooltip. */
export function Mark({
  mark,
  withWord = false
}: {
  mark: IMark;
  withWord?: boolean;
}): JSX.Element | null {
  if (!mark.word) {
    return null;
  }
  return (
    <span
      className="jp-Stepmill-mark"
      data-tone={mark.tone}
      title={withWord ? undefined : mark.word}
    >
      <mark.icon.react tag="span" aria-hidden="true" />
      <span className={withWord ? undefined : 'jp-Stepmill-unseen'}>{mark.word}</span>
    </span>
  );
}
