import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { moveToFree } from "../lake/replace.ts";
import { createStreamEncoder, type IpcEncoder } from "../query/arrow/ipc.ts";
import { createOutputFile, type OutputFile } from "./output-file.ts";
import type { ExportedFile, ExportWriter, WriterOptions } from "./writer.ts";

/** Shard size of `datasets` (Dataset.save_to_disk, max_shard_size). */
const SHARD_BYTES = 500_000_000;

interface OpenShard {
  file: OutputFile;
  encoder: IpcEncoder;
  name: string;
  rows: number;
}

/**
 * A folder for `datasets.load_from_disk` since 2.14: shards in the IPC stream format with uncompressed
 * buffers, `dataset_info.json` with features in the legacy dialect, and `state.json`, written last. Always
 * has at least one shard, because an empty file list does not load.
 */
export async function openDatasetWriter(options: WriterOptions): Promise<ExportWriter> {
  const { folder, schema } = options;
  const shards: ExportedFile[] = [];
  const openShard = async (): Promise<OpenShard> => {
    const encoder = createStreamEncoder(schema);
    const name = `data-${String(shards.length).padStart(5, "0")}.part`;
    const file = await createOutputFile(join(folder, name));
    await file.write(encoder.begin());
    return { file, encoder, name, rows: 0 };
  };
  const closeShard = async ({ file, encoder, name, rows }: OpenShard) => {
    await file.write(encoder.end());
    shards.push({ name, rows, ...(await file.close()) });
  };
  let shard = await openShard();
  return {
    write: async (batch: RecordBatch) => {
      if (shard.rows > 0 && shard.file.bytes() + batchBytes(batch) > SHARD_BYTES) {
        await closeShard(shard);
        shard = await openShard();
      }
      await shard.file.write(shard.encoder.encode(batch));
      shard.rows += batch.numRows;
    },
    finish: async () => {
      await closeShard(shard);
      const total = String(shards.length).padStart(5, "0");
      for (const [at, part] of shards.entries()) {
        const name = `data-${String(at).padStart(5, "0")}-of-${total}.arrow`;
        await moveToFree(join(folder, part.name), join(folder, name));
        part.name = name;
      }
      await writeDescription(options, shards);
      return shards;
    },
    abort: async () => {
      await shard.file.close().catch(() => {});
    },
  };
}

function batchBytes(batch: RecordBatch): number {
  return batch.data.byteLength;
}

async function writeDescription(
  { folder, features, license }: WriterOptions,
  shards: readonly ExportedFile[],
): Promise<void> {
  const info = { citation: "", description: "", features, homepage: "", license };
  const state = {
    _data_files: shards.map(({ name }) => ({ filename: name })),
    _fingerprint: fingerprintOf(shards),
    _format_columns: null,
    _format_kwargs: {},
    _format_type: null,
    _output_all_columns: false,
    _split: null,
  };
  await writeFile(join(folder, "dataset_info.json"), JSON.stringify(info, null, 2));
  await writeFile(join(folder, "state.json"), JSON.stringify(state, null, 2));
}

/** Cache key of `datasets`, derived from the content. */
function fingerprintOf(shards: readonly ExportedFile[]): string {
  const text = JSON.stringify(shards.map(({ sha256 }) => sha256));
  return new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16);
}
