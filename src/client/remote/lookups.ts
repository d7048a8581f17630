/** Questions that come within so long go out together. */
const GATHER_MS = 2;

/** Batches single look-ups: whether a name is among those that `find` returns. */
export function batchLookups(
  find: (names: string[]) => Promise<Set<string>>,
): (name: string) => Promise<boolean> {
  let gathered: string[] = [];
  let answer: Promise<Set<string>> | undefined;
  return async (name) => {
    gathered.push(name);
    answer ??= Bun.sleep(GATHER_MS).then(() => {
      const names = gathered;
      gathered = [];
      answer = undefined;
      return find(names);
    });
    return (await answer).has(name);
  };
}
