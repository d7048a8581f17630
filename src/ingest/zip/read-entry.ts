import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { crc32, inflateRaw } from "node:zlib";
import { Entry } from "yauzl";
import { systemCode } from "../../errors.ts";
import { formatBytes } from "../../util/format.ts";
import { EntryProblem } from "../input.ts";
import { type Archive, MAX_RATIO, RATIO_FREE_BYTES, type ZipEntry } from "./archive.ts";

const MAX_ENTRY_BYTES = 2_000_000_000;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
const METHODS: Record<number, string> = {
  9: "Deflate64",
  12: "bzip2",
  14: "LZMA",
  93: "Zstandard",
  95: "xz",
  98: "PPMd",
};

/** Why an entry is not read at all, by what the list says of it; undefined where it is. */
export function entryProblem({ flags, method, packedBytes, sizeBytes }: ZipEntry): string | undefined {
  if ((flags & ENCRYPTED) !== 0) return "is encrypted; unpack it with its password first";
  if (method !== STORED && method !== DEFLATED) {
    const named = METHODS[method] ?? `method ${method}`;
    return `is packed by ${named}, which cannot be read; pack it again as an ordinary zip (Deflate)`;
  }
  if (sizeBytes > MAX_ENTRY_BYTES)
    return `has ${formatBytes(sizeBytes)}; the limit is ${formatBytes(MAX_ENTRY_BYTES)}`;
  if (sizeBytes > RATIO_FREE_BYTES && sizeBytes > MAX_RATIO * packedBytes) {
    return `unpacks to more than ${MAX_RATIO} times its size`;
  }
  return undefined;
}

/** The content of an entry in memory, proved by its size and CRC. Throws `EntryProblem`. */
export async function readEntry(archive: Archive, entry: ZipEntry): Promise<Uint8Array> {
  return reading(archive, entry, async () => {
    const { fileDataStart } = await archive.zip.readLocalFileHeaderPromise(asLibrary(entry), {
      minimal: true,
    });
    const packed = Buffer.allocUnsafeSlow(entry.packedBytes);
    await archive.file.readInto(packed, fileDataStart);
    const bytes = entry.method === STORED ? packed : await inflate(packed, entry.sizeBytes);
    if (bytes.length !== entry.sizeBytes) throw wrongSize(entry);
    if (crc32(bytes) !== entry.crc32) throw new EntryProblem("is damaged: its checksum is another");
    return bytes;
  });
}

/** Writes the content of an entry to a file, some of it at a time, proved as `readEntry` does. Throws `EntryProblem`. */
export async function writeEntry(archive: Archive, entry: ZipEntry, to: string): Promise<void> {
  await reading(archive, entry, async () => {
    const stream = await archive.zip.openReadStreamPromise(asLibrary(entry));
    let crc = 0;
    let length = 0;
    async function* counted(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        crc = crc32(chunk, crc);
        length += chunk.length;
        if (length > entry.sizeBytes) throw wrongSize(entry);
        yield chunk;
      }
    }
    await pipeline(stream, counted, createWriteStream(to, { flags: "w" }));
    if (length !== entry.sizeBytes) throw wrongSize(entry);
    if (crc !== entry.crc32) throw new EntryProblem("is damaged: its checksum is another");
  });
}

/** The first bytes of an entry, by which its kind is known; fewer where it is shorter. Throws `EntryProblem`. */
export async function readEntryHead(archive: Archive, entry: ZipEntry, count: number): Promise<Uint8Array> {
  return reading(archive, entry, async () => {
    const stream = await archive.zip.openReadStreamPromise(asLibrary(entry));
    try {
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of stream) {
        chunks.push(chunk as Buffer);
        length += (chunk as Buffer).length;
        if (length >= count) break;
      }
      return Buffer.concat(chunks).subarray(0, count);
    } finally {
      stream.destroy();
    }
  });
}

async function reading<T>(archive: Archive, entry: ZipEntry, read: () => Promise<T>): Promise<T> {
  const named = (why: string) => new EntryProblem(`${archive.name}: ${entry.name} ${why}`);
  const problem = entryProblem(entry);
  if (problem !== undefined) throw named(problem);
  try {
    return await read();
  } catch (error) {
    if (error instanceof EntryProblem) throw named(error.message);
    // Those of the disk concern more than this entry.
    if (!(error instanceof Error) || systemCode(error) !== undefined) throw error;
    const isLonger = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw named(isLonger ? wrongSize(entry).message : "is damaged: it cannot be unpacked");
  }
}

function wrongSize({ sizeBytes }: ZipEntry): EntryProblem {
  return new EntryProblem(`does not unpack to the ${formatBytes(sizeBytes)} that the zip says it has`);
}

function inflate(packed: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // one byte more shows that there is more
    inflateRaw(packed, { maxOutputLength: sizeBytes + 1 }, (error, bytes) => {
      if (error) reject(error);
      else resolve(bytes);
    });
  });
}

/** An entry as the library knows it: what its list said was kept without it. */
function asLibrary(entry: ZipEntry): Entry {
  return Object.assign(new Entry(), {
    generalPurposeBitFlag: entry.flags,
    compressionMethod: entry.method,
    compressedSize: entry.packedBytes,
    uncompressedSize: entry.sizeBytes,
    crc32: entry.crc32,
    relativeOffsetOfLocalHeader: entry.headerBegin,
  });
}
