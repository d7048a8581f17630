import { createFirstFull } from "./first-full.ts";
import { filledLists, type PageRecord, pageRecord, wantedLists } from "./page-record.ts";
import { pagesOf } from "./pages.ts";
import type { Sample, SampleImage } from "./sample.ts";
import type { SampleWriterOptions } from "./writer.ts";

/** Bytes of images that are read ahead, and how many at a time. */
const AHEAD_BYTES = 32 * 1024 * 1024;
const AHEAD = 8;

interface Read {
  split: string;
  record: PageRecord;
  image: SampleImage;
  bytes: Promise<Uint8Array>;
}

/**
 * The pages of samples with the bytes of their images, for formats that hold both: read a few ahead, written in order, the
 * first full record of each part first.
 */
export function openPageStream(
  { images, expected }: Pick<SampleWriterOptions, "images" | "expected">,
  write: (page: {
    split: string;
    record: PageRecord;
    image: SampleImage;
    bytes: Uint8Array;
  }) => Promise<void>,
) {
  type Waiting = Omit<Read, "bytes">;
  const parts = new Map<string, ReturnType<typeof createFirstFull<Waiting>>>();
  const ahead: Read[] = [];
  let aheadBytes = 0;
  const takeFirst = async () => {
    const first = ahead.shift();
    if (first === undefined) return;
    aheadBytes -= first.image.bytes;
    await write({ ...first, bytes: await first.bytes });
  };
  const emit = async (page: Waiting) => {
    while (ahead.length >= AHEAD || (ahead.length > 0 && aheadBytes + page.image.bytes > AHEAD_BYTES))
      await takeFirst();
    const bytes = images.read(page.image);
    bytes.catch(() => {}); // looked at when its turn comes
    ahead.push({ ...page, bytes });
    aheadBytes += page.image.bytes;
  };
  const partOf = (split: string) => {
    const known = parts.get(split);
    if (known !== undefined) return known;
    const part = createFirstFull<Waiting>({
      wanted: wantedLists(expected),
      filled: ({ record }) => filledLists(record),
      sizeOf: ({ record }) => 500 + record.row.length + record.boxes.length * 500,
      emit,
    });
    parts.set(split, part);
    return part;
  };
  return {
    add: async (sample: Sample) => {
      for (const page of pagesOf(sample))
        await partOf(sample.split).add({ split: sample.split, record: pageRecord(page), image: page.image });
    },
    finish: async () => {
      for (const part of parts.values()) await part.finish();
      while (ahead.length > 0) await takeFirst();
    },
  };
}
