import type { FileHandle } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import { type Arena, createArena, inBatches, type Room } from "../arena.ts";
import type { EmbeddedBatch } from "../input.ts";
import { decodeDeltas } from "./deltas.ts";
import { type Dictionary, NO_DICTIONARY, readDictionary, takeLength } from "./dictionary.ts";
import { decodeHybrid } from "./levels.ts";
import { type ChunkRange, type Page, readPages } from "./pages.ts";

const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const DELTA_LENGTH = 6;
const RLE_DICTIONARY = 8;

/**
 * The cells of a BYTE_ARRAY column chunk, of lists the elements, in batches of about 8 MB: memory does not grow with
 * the sizes of pages, row groups or the file (pyarrow puts 1,024 images on a page; DuckDB would hold 2,048 at once).
 * A batch is valid until the next is asked for. `spoolPath` is a file to make for a large dictionary.
 */
export async function* readBlobs(
  handle: FileHandle,
  range: ChunkRange,
  spoolPath: string,
  arena: Arena = createArena(),
): AsyncGenerator<EmbeddedBatch> {
  yield* inBatches(readValues(handle, range, spoolPath, arena), arena);
}

async function* readValues(
  handle: FileHandle,
  range: ChunkRange,
  spoolPath: string,
  arena: Arena,
): AsyncGenerator<Uint8Array | null> {
  let dictionary: Dictionary = NO_DICTIONARY;
  try {
    for await (const page of readPages(handle, range)) {
      if (page.kind === "dictionary") {
        await dictionary.close();
        dictionary = await readDictionary(page, spoolPath);
        continue;
      }
      const present = decodeLevels(page, range);
      const takeValue = await openValues(page, present.count, dictionary, arena.room);
      for (let at = 0; at < page.valueCount; at++) {
        if (present.isCell(at)) yield present.has(at) ? await takeValue() : null;
      }
    }
  } finally {
    await dictionary.close();
  }
}

/** Where there are cells, and in which of them is a value. */
interface Presence {
  count: number;
  isCell(at: number): boolean;
  has(at: number): boolean;
}

function decodeLevels(page: Page, { maxLevel, elementLevel = 0 }: ChunkRange): Presence {
  if (page.levels === undefined) return { count: page.valueCount, isCell: () => true, has: () => true };
  const levels = decodeHybrid(page.levels, 32 - Math.clz32(maxLevel), page.valueCount);
  let count = 0;
  for (const level of levels) if (level === maxLevel) count++;
  return {
    count,
    isCell: (at) => (levels[at] ?? 0) >= elementLevel,
    has: (at) => levels[at] === maxLevel,
  };
}

async function openValues(
  page: Page,
  count: number,
  dictionary: Dictionary,
  room: Room,
): Promise<() => Uint8Array | Promise<Uint8Array>> {
  const { values } = page;
  switch (page.encoding) {
    case PLAIN:
      return async () => takeBytes(page, await takeLength(values), room);
    case PLAIN_DICTIONARY:
    case RLE_DICTIONARY: {
      if (count === 0) return () => dictionary.value(-1, room);
      const bytes = await values.take(page.valueBytes);
      const indices = decodeHybrid(bytes.subarray(1), bytes[0] ?? 0, count);
      let at = 0;
      return () => dictionary.value(indices[at++] ?? -1, room);
    }
    case DELTA_LENGTH: {
      const lengths = await decodeDeltas(values, count);
      let at = 0;
      return () => takeBytes(page, lengths[at++] ?? 0, room);
    }
    default:
      throw new AppError(
        "unsupported_format",
        `a Parquet column of images has encoding ${page.encoding}; write it with plain or dictionary encoding`,
      );
  }
}

async function takeBytes({ values, valueBytes }: Page, length: number, room: Room): Promise<Uint8Array> {
  if (length < 0 || length > valueBytes)
    throw new AppError("corrupt", "a Parquet page holds a value that is longer than the page");
  const target = room(length);
  await values.takeInto(target);
  return target;
}
