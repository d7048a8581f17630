/** Limits of what waits. */
const MOST_WAITING = 100_000;
const WAITING_BYTES = 8_000_000;

interface FirstFullOptions<T> {
  /** Fields that may be empty, as bits. */
  wanted: number;
  /** Those of them that an item has filled. */
  filled(item: T): number;
  /** Estimate of the memory that an item takes. */
  sizeOf(item: T): number;
  emit(item: T): Promise<void> | undefined;
}

/**
 * Emits items in their order, but those first that fill every wanted field for the first time: readers take the types of
 * columns from the first few items. Items wait until all fields are filled, or too many wait.
 */
export function createFirstFull<T>({ wanted, filled, sizeOf, emit }: FirstFullOptions<T>) {
  let waiting: T[] | undefined = [];
  const first: T[] = [];
  let lacking = wanted;
  let bytes = 0;
  const release = async () => {
    const items = [...first, ...(waiting ?? [])];
    first.length = 0;
    waiting = undefined;
    for (const item of items) await emit(item);
  };
  return {
    add: (item: T): Promise<void> | undefined => {
      if (waiting === undefined) return emit(item);
      const fills = filled(item) & lacking;
      lacking &= ~fills;
      (fills === 0 ? waiting : first).push(item);
      bytes += sizeOf(item);
      const isFull = lacking === 0 || waiting.length >= MOST_WAITING || bytes >= WAITING_BYTES;
      return isFull ? release() : undefined;
    },
    finish: release,
  };
}
