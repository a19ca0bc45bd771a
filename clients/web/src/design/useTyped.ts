/** Text that is being typed, and is asked for once the fingers rest. */
import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 120;

/**
 * What a field shows, and what to do with what is typed in it: `onSettled` hears of it after a pause. Where `settled`
 * is changed by somebody else, as by a button that clears it, what was being typed is forgotten.
 */
export function useTyped(
  settled: string,
  onSettled: (text: string) => void,
): [string, (text: string) => void] {
  const [typed, setTyped] = useState<string>();
  const timer = useRef<number>(undefined);
  const told = useRef(settled);
  useEffect(() => {
    if (told.current === settled) return;
    told.current = settled;
    window.clearTimeout(timer.current);
    setTyped(undefined);
  }, [settled]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const type = (text: string) => {
    setTyped(text);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      told.current = text;
      setTyped(undefined);
      onSettled(text);
    }, PAUSE_MS);
  };
  return [typed ?? settled, type];
}
