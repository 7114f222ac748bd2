import { useMemo, useRef } from 'react';

/**
 * The objects of the last time where they say the same, so that what is drawn of them is not drawn
 * again. `keyOf` and `isSame` are functions of a module, not made anew each time.
 */
export function useKept<T>(
  fresh: readonly T[],
  keyOf: (one: T) => string,
  isSame: (one: T, other: T) => boolean
): T[] {
  const last = useRef<T[]>([]);
  return useMemo(() => {
    const known = new Map(last.current.map(one => [keyOf(one), one]));
    const kept = fresh.map(one => {
      const old = known.get(keyOf(one));
      return old !== undefined && isSame(old, one) ? old : one;
    });
    const isOld =
      kept.length === last.current.length && kept.every((one, at) => one === last.current[at]);
    if (!isOld) {
      last.current = kept;
    }
    return last.current;
  }, [fresh, keyOf, isSame]);
}
