import { effect, signal } from "@preact/signals";

/** As many as a query can name. */
export const MAX_CHOSEN = 5000;
const NAME = "datalake.choice";

/** Keys of the rows that are ticked: kept over screens, searches and reloads of this tab. */
export const choice = signal<ReadonlySet<string>>(new Set(remembered()));

/** Gives false where they would be more than can be taken: then none is added. */
export function choose(keys: readonly string[], isChosen: boolean): boolean {
  const next = new Set(choice.peek());
  for (const key of keys) {
    if (isChosen) next.add(key);
    else next.delete(key);
  }
  if (isChosen && next.size > MAX_CHOSEN) return false;
  choice.value = next;
  return true;
}

export function toggleChoice(key: string): boolean {
  return choose([key], !choice.peek().has(key));
}

export function clearChoice(): void {
  choice.value = new Set();
}

export function followChoice(): void {
  effect(() => {
    try {
      sessionStorage.setItem(NAME, [...choice.value].join("\n"));
    } catch {
      // They hold until the page is closed.
    }
  });
}

function remembered(): string[] {
  try {
    return (sessionStorage.getItem(NAME) ?? "").split("\n").filter((key) => key !== "");
  } catch {
    return [];
  }
}
