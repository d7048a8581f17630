import { openPageStream } from "../page-stream.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";

/** As `streaming.MDSWriter` cuts shards by default; a shard is put together in memory. */
const SHARD_BYTES = 1 << 26;

/** Columns by their names, as MDSWriter sorts them; `size` in bytes, null where each value has its own. */
const COLUMNS = [
  { name: "id", encoding: "str", size: null },
  { name: "image", encoding: "bytes", size: null },
  { name: "label", encoding: "str", size: null },
  { name: "page", encoding: "int", size: 8 },
] as const;

const TERMS = {
  column_encodings: COLUMNS.map(({ encoding }) => encoding),
  column_names: COLUMNS.map(({ name }) => name),
  column_sizes: COLUMNS.map(({ size }) => size),
  compression: null,
  format: "mds",
  hashes: [],
  size_limit: SHARD_BYTES,
};

interface Part {
  samples: Uint8Array[][];
  bytes: number;
  shards: { basename: string; bytes: number; samples: number }[];
}

/**
 * `shard.00000.mds`... and `index.json`, of divided rows in a folder for each part, which `StreamingDataset(split=...)` opens:
 * a sample for each page, its record as JSON in `label`.
 */
export async function openMdsWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const parts = new Map<string, Part>();
  const within = (split: string, name: string) => (options.isDivided ? `${split}/${name}` : name);
  const flush = async (split: string, part: Part) => {
    const basename = `shard.${String(part.shards.length).padStart(5, "0")}.mds`;
    const file = await options.createFile(within(split, basename));
    await file.write(shardHead(part.samples));
    for (const sample of part.samples) await file.write(sample);
    part.shards.push({ basename, bytes: file.bytes(), samples: part.samples.length });
    part.samples = [];
    part.bytes = 0;
  };
  const stream = openPageStream(options, async ({ split, record, bytes }) => {
    const part = parts.get(split) ?? { samples: [], bytes: 0, shards: [] };
    parts.set(split, part);
    const sample = sampleOf(String(record.sample), bytes, JSON.stringify(record), record.page);
    const sizeBytes = sizeOf(sample);
    if (part.samples.length > 0 && part.bytes + sizeBytes > SHARD_BYTES) await flush(split, part);
    part.samples.push(sample);
    part.bytes += sizeBytes;
  });
  return {
    write: (sample) => stream.add(sample),
    finish: async () => {
      await stream.finish();
      for (const [split, part] of parts) {
        await flush(split, part);
        const file = await options.createFile(within(split, "index.json"));
        const shards = part.shards.map(({ basename, bytes, samples }) => ({
          ...TERMS,
          raw_data: { basename, bytes, hashes: {} },
          samples,
          version: 2,
          zip_data: null,
        }));
        await file.text(`${JSON.stringify({ shards, version: 2 })}\n`);
      }
    },
  };
}

/** The sizes of the values that have one of their own, then all values. */
function sampleOf(id: string, image: Uint8Array, label: string, page: number): Uint8Array[] {
  const values = [Buffer.from(id), image, Buffer.from(label)];
  const sizes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) sizes.writeUInt32LE(value.length, 4 * at);
  const number = Buffer.alloc(8);
  number.writeBigInt64LE(BigInt(page));
  return [sizes, ...values, number];
}

/** How many samples, where each begins and the last ends, and the terms as JSON with sorted keys. */
function shardHead(samples: readonly Uint8Array[][]): Uint8Array[] {
  const terms = Buffer.from(JSON.stringify(TERMS));
  const numbers = Buffer.alloc(4 * (samples.length + 2));
  numbers.writeUInt32LE(samples.length, 0);
  let at = numbers.length + terms.length;
  numbers.writeUInt32LE(at, 4);
  for (const [index, sample] of samples.entries()) {
    at += sizeOf(sample);
    numbers.writeUInt32LE(at, 4 * (index + 2));
  }
  return [numbers, terms];
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
