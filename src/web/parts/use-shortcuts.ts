import { useLayoutEffect, useRef } from "preact/hooks";

/** Keys of a screen as a whole, where nobody is writing: each as it is on a Latin keyboard. */
export function useShortcuts(actions: Record<string, () => void>): void {
  const latest = useRef(actions);
  latest.current = actions;
  // As soon as the screen is there, not when it was painted: a key may come first.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event)) return;
      const action = latest.current[event.key] ?? latest.current[KEYS_OF_HANGUL[event.key] ?? ""];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** Whether a key is for a field or a dialog. */
function isWriting({ target }: Event): boolean {
  return target instanceof Element && target.closest("input, select, textarea, dialog") !== null;
}

/** The same keys while the keyboard writes Hangul. */
const KEYS_OF_HANGUL: Record<string, string> = {
  ㅓ: "j",
  ㅏ: "k",
  ㅑ: "i",
  ㅠ: "b",
  ㅅ: "t",
  ㅐ: "o",
  ㅡ: "m",
  ㅜ: "n",
  ㅔ: "p",
  ㅌ: "x",
};
