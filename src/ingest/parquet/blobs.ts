import type { FileHandle } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import type { ByteReader } from "../bytes.ts";
import type { EmbeddedBatch } from "../input.ts";
import { decodeDeltas } from "./deltas.ts";
import { decodeHybrid } from "./levels.ts";
import { type ChunkRange, type Page, readPages } from "./pages.ts";

const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const DELTA_LENGTH = 6;
const RLE_DICTIONARY = 8;

const BATCH_BYTES = 8 << 20;
const BATCH_ROWS = 1024;

/**
 * The cells of a BYTE_ARRAY column chunk that is not inside a list, in batches of about 8 MB: memory does not grow with
 * the sizes of pages, row groups or the file (pyarrow puts 1,024 images on a page; DuckDB would hold 2,048 at once).
 * A batch is valid until the next is asked for.
 */
export async function* readBlobs(handle: FileHandle, range: ChunkRange): AsyncGenerator<EmbeddedBatch> {
  let dictionary: Uint8Array[] = [];
  let batch: EmbeddedBatch = [];
  let batchBytes = 0;
  // one piece of memory for all batches: garbage of this size would pile up faster than it is collected
  const arena = new Uint8Array(BATCH_BYTES * 2);
  let arenaEnd = 0;
  const room = (length: number) => {
    if (arenaEnd + length > arena.length) return new Uint8Array(length);
    arenaEnd += length;
    return arena.subarray(arenaEnd - length, arenaEnd);
  };
  for await (const page of readPages(handle, range)) {
    if (page.kind === "dictionary") {
      dictionary = [];
      for (let at = 0; at < page.valueCount; at++) dictionary.push(await takePlain(page.values, ownMemory));
      continue;
    }
    const present = decodeLevels(page, range.maxLevel);
    const takeValue = await openValues(page, present.count, dictionary, room);
    for (let at = 0; at < page.valueCount; at++) {
      const value = present.has(at) ? await takeValue() : null;
      batch.push(value);
      batchBytes += value?.length ?? 0;
      if (batchBytes < BATCH_BYTES && batch.length < BATCH_ROWS) continue;
      yield batch;
      batch = [];
      batchBytes = 0;
      arenaEnd = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

function decodeLevels(page: Page, maxLevel: number): { count: number; has(at: number): boolean } {
  if (page.levels === undefined) return { count: page.valueCount, has: () => true };
  const levels = decodeHybrid(page.levels, 32 - Math.clz32(maxLevel), page.valueCount);
  let count = 0;
  for (const level of levels) if (level === maxLevel) count++;
  return { count, has: (at) => levels[at] === maxLevel };
}

async function openValues(
  page: Page,
  count: number,
  dictionary: Uint8Array[],
  room: Room,
): Promise<() => Uint8Array | Promise<Uint8Array>> {
  const { values } = page;
  switch (page.encoding) {
    case PLAIN:
      return () => takePlain(values, room);
    case PLAIN_DICTIONARY:
    case RLE_DICTIONARY: {
      if (count === 0) return () => missingEntry();
      const bytes = await values.take(page.valueBytes);
      const indices = decodeHybrid(bytes.subarray(1), bytes[0] ?? 0, count);
      let at = 0;
      return () => dictionary[indices[at++] ?? -1] ?? missingEntry();
    }
    case DELTA_LENGTH: {
      const lengths = await decodeDeltas(values);
      let at = 0;
      return () => takeBytes(values, lengths[at++] ?? 0, room);
    }
    default:
      throw new AppError(
        "unsupported_format",
        `a Parquet column of images has encoding ${page.encoding}; write it with plain or dictionary encoding`,
      );
  }
}

/** Gives memory for a value of some length. */
type Room = (length: number) => Uint8Array;

const ownMemory: Room = (length) => new Uint8Array(length);

async function takeBytes(values: ByteReader, length: number, room: Room): Promise<Uint8Array> {
  const target = room(length);
  await values.takeInto(target);
  return target;
}

async function takePlain(values: ByteReader, room: Room): Promise<Uint8Array> {
  const head = values.takeNow(4) ?? (await values.take(4));
  const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  return takeBytes(values, length, room);
}

function missingEntry(): never {
  throw new AppError("corrupt", "a Parquet page refers to a dictionary entry that is not there");
}
