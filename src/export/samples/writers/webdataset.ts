import { openPageStream } from "../page-stream.ts";
import { imageName } from "../place-images.ts";
import { tarEnd, tarEntry } from "../tar.ts";
import type { SampleWriter, SampleWriterOptions, TextFile } from "../writer.ts";

/** A shard is closed before it grows beyond this; one page may be larger. */
const SHARD_BYTES = 500_000_000;

interface Shards {
  count: number;
  file: TextFile;
}

/**
 * `<part>-000000.tar`...: for each page an image and a JSON of one key, which has no dots: readers take what follows the first
 * one for the name of a field. All images are called `.jpg`, whatever their bytes are: readers open them by content, and
 * refuse samples of different fields.
 */
export async function openWebdatasetWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const parts = new Map<string, Shards>();
  const openShard = async (split: string, count: number): Promise<Shards> => {
    const name = `${split}-${String(count).padStart(6, "0")}.tar`;
    const shard = { count: count + 1, file: await options.createFile(name) };
    parts.set(split, shard);
    return shard;
  };
  const stream = openPageStream(options, async ({ split, record, image, bytes }) => {
    const place = `${String(record.sample).padStart(9, "0")}-${String(record.page).padStart(3, "0")}`;
    const key = `${place}-${imageName(image)}`;
    const text = Buffer.from(JSON.stringify(record));
    let shard = parts.get(split) ?? (await openShard(split, 0));
    if (shard.file.bytes() > 0 && shard.file.bytes() + bytes.length + text.length > SHARD_BYTES) {
      await shard.file.write([tarEnd()]);
      shard = await openShard(split, shard.count);
    }
    await shard.file.write([...tarEntry(`${key}.jpg`, bytes), ...tarEntry(`${key}.json`, text)]);
  });
  return {
    write: (sample) => stream.add(sample),
    finish: async () => {
      await stream.finish();
      for (const { file } of parts.values()) await file.write([tarEnd()]);
    },
  };
}
