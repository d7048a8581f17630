import type { FileHandle } from "node:fs/promises";
import { decodeHybrid } from "./levels.ts";
import { type ChunkRange, readPages } from "./pages.ts";

/** How many elements the list of each row has, in batches; null where the row has no list. Its values are not read. */
export async function* readLengths(handle: FileHandle, range: ChunkRange): AsyncGenerator<(number | null)[]> {
  const { maxLevel, elementLevel = 0 } = range;
  /** Of the row that has begun: its next element may stand on the next page. */
  let current: number | null | undefined;
  for await (const page of readPages(handle, range)) {
    if (page.kind === "dictionary") continue;
    const levels = decodeHybrid(page.levels ?? new Uint8Array(), bitsOf(maxLevel), page.valueCount);
    const repetitions = decodeHybrid(page.repetitions ?? new Uint8Array(), 1, page.valueCount);
    const lengths: (number | null)[] = [];
    for (const [at, level] of levels.entries()) {
      if (repetitions[at] === 0) {
        if (current !== undefined) lengths.push(current);
        current = level < elementLevel - 1 ? null : 0;
      }
      if (level >= elementLevel) current = (current ?? 0) + 1;
    }
    yield lengths;
  }
  if (current !== undefined) yield [current];
}

function bitsOf(maxLevel: number): number {
  return 32 - Math.clz32(maxLevel);
}
