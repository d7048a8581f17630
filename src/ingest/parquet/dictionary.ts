import { type FileHandle, open, rm } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import type { Room } from "../arena.ts";
import { type ByteReader, readAtInto } from "../bytes.ts";
import type { Page } from "./pages.ts";

/** The distinct values of a column chunk. */
export interface Dictionary {
  /** Throws `corrupt` for an entry that is not there. */
  value(index: number, room: Room): Promise<Uint8Array> | Uint8Array;
  close(): Promise<void>;
}

export const NO_DICTIONARY: Dictionary = { value: () => missingEntry(), close: async () => {} };

const HELD_BYTES = 16 << 20;
const PIECE_BYTES = 1 << 20;

/**
 * Reads a dictionary page. Writers notice late that images do not repeat: pyarrow puts up to 1,024 of them in here.
 * So a large one is put into the file `spoolPath`, of which only the places are held.
 */
export async function readDictionary(page: Page, spoolPath: string): Promise<Dictionary> {
  if (page.valueBytes > HELD_BYTES) return spoolDictionary(page, spoolPath);
  const values: Uint8Array[] = [];
  for (let at = 0; at < page.valueCount; at++) {
    const length = await takeLength(page.values);
    if (length > page.valueBytes)
      throw new AppError("corrupt", "a Parquet dictionary holds a value that is longer than it is");
    const value = new Uint8Array(length);
    await page.values.takeInto(value);
    values.push(value);
  }
  return { value: (index) => values[index] ?? missingEntry(), close: async () => {} };
}

async function spoolDictionary(page: Page, spoolPath: string): Promise<Dictionary> {
  const spool = await open(spoolPath, "w+");
  try {
    const ends = await spoolValues(page, spool);
    return {
      async value(index, room) {
        const end = ends[index];
        if (end === undefined) return missingEntry();
        const from = index === 0 ? 0 : (ends[index - 1] ?? 0);
        const target = room(end - from);
        await readAtInto(spool, from, target);
        return target;
      },
      async close() {
        await spool.close();
        await rm(spoolPath, { force: true });
      },
    };
  } catch (error) {
    await spool.close();
    await rm(spoolPath, { force: true });
    throw error;
  }
}

/** Writes the values one after another; gives where each ends. */
async function spoolValues(page: Page, spool: FileHandle): Promise<Float64Array> {
  const ends = new Float64Array(page.valueCount);
  const piece = new Uint8Array(PIECE_BYTES);
  let end = 0;
  for (let at = 0; at < page.valueCount; at++) {
    for (let left = await takeLength(page.values); left > 0; ) {
      const part = piece.subarray(0, Math.min(left, PIECE_BYTES));
      await page.values.takeInto(part);
      await spool.write(part, 0, part.length, end);
      end += part.length;
      left -= part.length;
    }
    ends[at] = end;
  }
  return ends;
}

/** The length in front of a plain BYTE_ARRAY value. */
export async function takeLength(values: ByteReader): Promise<number> {
  const head = values.takeNow(4) ?? (await values.take(4));
  return new DataView(head.buffer, head.byteOffset).getUint32(0, true);
}

function missingEntry(): never {
  throw new AppError("corrupt", "a Parquet page refers to a missing dictionary entry");
}
