import { useEffect, useState } from 'react';
import { useAnswer } from './asking';
import { useView } from './view-widget';

/** A picture of a run, fetched as everything is: with Jupyter's token, not by a bare address. */
export function Picture({
  path,
  run,
  digest,
  name
}: {
  path: string;
  run: string;
  digest: string;
  name: string;
}): JSX.Element {
  const { client, trans } = useView();
  const { answer, problem } = useAnswer(
    () => client.picture(path, run, digest),
    [client, path, run, digest]
  );
  const [url, setUrl] = useState('');
  useEffect(() => {
    if (!answer) {
      return;
    }
    const made = URL.createObjectURL(answer);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [answer]);
  if (problem) {
    return <p className="jp-Stepmill-quiet">{trans.__('The picture is not there any more.')}</p>;
  }
  return url ? (
    <img className="jp-Stepmill-picture" src={url} alt={name} />
  ) : (
    <p className="jp-Stepmill-quiet">{trans.__('Loading…')}</p>
  );
}
