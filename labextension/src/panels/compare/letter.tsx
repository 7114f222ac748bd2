/** The letter of a run, in its colour. */
export function Letter({ letter }: { letter: string }): JSX.Element {
  return (
    <span className="jp-Stepmill-letter" data-letter={letter}>
      {letter}
    </span>
  );
}
