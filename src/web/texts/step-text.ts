const CATALOG = "publishing the catalog";

/**
 * What a job does at the moment: its record says a word, mostly with the dataset. `steps` are these words in a language;
 * what is none of them stays as it is.
 */
export function stepText(step: string, steps: Readonly<Record<string, string>>): string {
  const [word, place] = step === CATALOG ? ["catalog", ""] : split(step);
  const text = Object.hasOwn(steps, word) ? (steps[word] as string) : undefined;
  if (text === undefined) return step;
  return place === "" ? text : `${place}: ${text}`;
}

function split(step: string): [word: string, rest: string] {
  const at = step.indexOf(" ");
  return at < 0 ? [step, ""] : [step.slice(0, at), step.slice(at + 1)];
}
