import { createMarks, markDigest } from "./marks.ts";
import type { Sample } from "./sample.ts";

/** Counts pages that are in several splits: what was trained on would be tested with. */
export function createLeakCounter() {
  const pages = createMarks();
  const splits = new Map<string, number>();
  let splitOf = new Uint16Array(1 << 12);
  const LEAKS = 0xffff;
  let leaks = 0;
  return {
    add: ({ images, split }: Sample) => {
      const number = splits.get(split) ?? splits.size;
      splits.set(split, number);
      for (const { hash } of images) {
        const known = pages.count();
        const id = pages.idOf(markDigest(hash));
        if (id === splitOf.length) {
          const grown = new Uint16Array(id * 2);
          grown.set(splitOf);
          splitOf = grown;
        }
        if (id === known) splitOf[id] = number;
        else if (splitOf[id] !== number && splitOf[id] !== LEAKS) {
          leaks++;
          splitOf[id] = LEAKS;
        }
      }
    },
    leaks: () => leaks,
  };
}
