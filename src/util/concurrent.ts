/**
 * Applies `work` to every item, at most `limit` at a time; results in the order of the items. The first error wins.
 */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const run = async () => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  // all have ended when this returns, so that the caller can clean up
  const ended = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, run));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
  return results;
}

/**
 * Applies `work` to every item as it comes, at most `limit` at a time; items are not buffered. The first error
 * wins.
 */
export async function eachConcurrent<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  let failed = false;
  const run = async () => {
    for (let next = left.next(); !next.done && !failed; next = left.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: limit }, run));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}
