/** What a batch of embedded cells holds about, and at most in rows. */
export const BATCH_BYTES = 8 << 20;
export const BATCH_ROWS = 1024;

/** Gives memory for a value of some length. */
export type Room = (length: number) => Uint8Array;

/** Memory for the values of one batch after the other, given out anew when a batch is done with. */
export interface Arena {
  room: Room;
  reset(): void;
}

/** Garbage of this size would pile up faster than it is collected, so there is one piece of memory for all batches. */
export function createArena(): Arena {
  const memory = new Uint8Array(BATCH_BYTES * 2);
  let end = 0;
  return {
    room: (length) => {
      if (end + length > memory.length) return new Uint8Array(length);
      end += length;
      return memory.subarray(end - length, end);
    },
    reset: () => {
      end = 0;
    },
  };
}
