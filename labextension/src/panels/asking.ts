import { type DependencyList, useCallback, useEffect, useState } from 'react';
import { asProblem, type RequestProblem } from '../client/problem';

/** Between questions to a server that is out of reach. */
const RETRY_MS = 5000;

export interface IAsked<T> {
  /** The newest answer; stays while a newer question is asked. */
  answer: T | null;
  problem: RequestProblem | null;
  isAsking: boolean;
  again(): void;
}

/** Ask when drawn, again when `about` changes, and until the server is in reach; late answers to older questions are dropped. */
export function useAnswer<T>(ask: () => Promise<T>, about: DependencyList): IAsked<T> {
  const [state, setState] = useState<Omit<IAsked<T>, 'again'>>({
    answer: null,
    problem: null,
    isAsking: true
  });
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller says what the question is about
  useEffect(() => {
    let isOld = false;
    setState(known => ({ ...known, isAsking: true }));
    ask().then(
      answer => !isOld && setState({ answer, problem: null, isAsking: false }),
      error => !isOld && setState({ answer: null, problem: asProblem(error), isAsking: false })
    );
    return () => {
      isOld = true;
    };
  }, [...about, turn]);
  const again = useCallback(() => setTurn(known => known + 1), []);
  const { problem } = state;
  useEffect(() => {
    if (!problem?.isOfServer) {
      return;
    }
    const timer = setInterval(() => document.hidden || again(), RETRY_MS);
    return () => clearInterval(timer);
  }, [problem, again]);
  return { ...state, again };
}
