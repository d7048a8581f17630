import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Binary, Field, Int32, Schema, Utf8 } from "apache-arrow";
import { hashFile } from "../../../lake/digest.ts";
import { type LanceTable, openLanceTable } from "../lance-table.ts";
import { openPageStream } from "../page-stream.ts";
import { rowBatch } from "../row-batch.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";

/** Gathered before they are written: what is in memory, and the size of a fragment. */
const BATCH_BYTES = 16 * 1024 * 1024;
const BATCH_ROWS = 10_000;

const SCHEMA = new Schema([
  new Field("id", new Utf8(), false),
  new Field("page", new Int32(), false),
  new Field("name", new Utf8(), false),
  new Field("width", new Int32(), false),
  new Field("height", new Int32(), false),
  new Field("image", new Binary(), false),
  new Field("label", new Utf8(), false),
]);

interface Part {
  table: LanceTable;
  rows: unknown[][];
  bytes: number;
}

/** `<part>.lance`: a row for each page, its record as JSON in `label`. */
export async function openLanceWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const parts = new Map<string, Part>();
  const flush = async (part: Part) => {
    if (part.rows.length === 0) return;
    const batch = rowBatch(SCHEMA, part.rows);
    part.rows = [];
    part.bytes = 0;
    await part.table.add(batch);
    Bun.gc(true); // the engine hardly counts buffers, and would keep hundreds of megabytes of them
  };
  const open = async (split: string): Promise<Part> => {
    const part = { table: await openLanceTable(join(options.folder, nameOf(split))), rows: [], bytes: 0 };
    parts.set(split, part);
    return part;
  };
  const stream = openPageStream(options, async ({ split, record, bytes }) => {
    const part = parts.get(split) ?? (await open(split));
    const { sample, page, image, width, height } = record;
    const label = JSON.stringify(record);
    const sizeBytes = bytes.length + label.length * 3;
    if (part.bytes + sizeBytes > BATCH_BYTES || part.rows.length === BATCH_ROWS) await flush(part);
    part.rows.push([String(sample), page, image, width, height, bytes, label]);
    part.bytes += sizeBytes;
  });
  return {
    write: (sample) => stream.add(sample),
    finish: async () => {
      await stream.finish();
      for (const [split, part] of parts) {
        await flush(part);
        await part.table.finish();
        await listFiles(options, nameOf(split));
      }
    },
    abort: async () => {
      for (const { table } of parts.values()) table.close();
    },
  };
}

function nameOf(split: string): string {
  return `${split}.lance`;
}

async function listFiles({ folder, listFile }: SampleWriterOptions, dataset: string): Promise<void> {
  const entries = await readdir(join(folder, dataset), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths.sort()) {
    const { size } = await stat(path);
    await listFile({ name: path.slice(folder.length + 1), bytes: size, sha256: await hashFile(path) });
  }
}
