import { useEffect, useRef, useState } from 'react';
import { type ILogText, LogFollower } from '../../model/log-follower';
import { problemText } from '../advice';
import { usePanel } from '../context';

export interface ILogProps {
  runId: string;
  step: string;
  /** Whether more is to come. */
  isLive: boolean;
}

/** The end of what a step printed. Asked for only while it is unfolded, and the page is seen. */
export function StepLog({ runId, step, isLive }: ILogProps): JSX.Element {
  const { trans } = usePanel();
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Output of %1', step)}</summary>
      {isOpen && <Tail key={`${runId} ${step}`} runId={runId} step={step} isLive={isLive} />}
    </details>
  );
}

function Tail({ runId, step, isLive }: ILogProps): JSX.Element {
  const { trans } = usePanel();
  const { text, problem } = useLog(runId, step, isLive);
  const end = useRef<HTMLPreElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new text is what makes it scroll
  useEffect(() => {
    if (end.current) {
      end.current.scrollTop = end.current.scrollHeight;
    }
  }, [text]);
  if (problem) {
    return <p className="jp-Stepmill-hint">{problemText(problem, trans)}</p>;
  }
  return text ? (
    <pre ref={end} className="jp-Stepmill-log">
      {text}
    </pre>
  ) : (
    <p className="jp-Stepmill-hint">{trans.__('Nothing printed yet.')}</p>
  );
}

function useLog(runId: string, step: string, isLive: boolean): ILogText {
  const { model } = usePanel();
  const [log, setLog] = useState<ILogText>({ text: '', problem: null });
  useEffect(() => {
    const ask = (after: number) => model.errands.log(runId, step, after);
    const follower = new LogFollower(ask, setLog, isLive);
    return () => follower.stop();
  }, [model, runId, step, isLive]);
  return log;
}
