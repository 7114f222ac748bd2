import { Fragment } from 'react';

/** A sentence of the analysis: what stands between backticks is code. */
export function Said({ text }: { text: string }): JSX.Element {
  return (
    <>
      {text.split('`').map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text, in their order
        <Fragment key={index}>{index % 2 ? <code>{part}</code> : part}</Fragment>
      ))}
    </>
  );
}
