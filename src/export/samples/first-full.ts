/** Items that wait for one with all fields filled, at most. */
const MOST_WAITING = 100_000;
const WAITING_BYTES = 8_000_000;

/**
 * Hands items on, the first full one first: readers take the types of columns from the first few. Items wait until one is
 * full or there are too many, in their order; `sizeOf` is about what one holds in memory.
 */
export function createFirstFull<T>({
  isFull,
  sizeOf,
  emit,
}: {
  isFull: (item: T) => boolean;
  sizeOf: (item: T) => number;
  emit: (item: T) => Promise<void> | undefined;
}) {
  let waiting: T[] | undefined = [];
  let bytes = 0;
  const release = async () => {
    const items = waiting ?? [];
    waiting = undefined;
    for (const item of items) await emit(item);
  };
  return {
    add: (item: T): Promise<void> | undefined => {
      if (waiting === undefined) return emit(item);
      if (isFull(item)) {
        waiting.unshift(item);
        return release();
      }
      waiting.push(item);
      bytes += sizeOf(item);
      return waiting.length >= MOST_WAITING || bytes >= WAITING_BYTES ? release() : undefined;
    },
    finish: release,
  };
}
