import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { crc32, inflateRaw } from "node:zlib";
import { Entry } from "yauzl";
import { AppError, systemCode } from "../../errors.ts";
import { formatBytes } from "../../util/format.ts";
import { EntryProblem } from "../input.ts";
import { type Archive, MAX_RATIO, RATIO_FREE_BYTES, type ZipEntry } from "./archive.ts";
import type { FileSection, JoinedFile } from "./joined-file.ts";

const MAX_ENTRY_BYTES = 2_000_000_000;
/** Of zlib. */
const MIN_CHUNK_BYTES = 64;
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
    if (entry.packedBytes > mostPacked(entry)) throw wrongSize(entry);
    const packed = await readPacked(archive.file, entry);
    const bytes = entry.method === STORED ? packed : await inflate(packed, entry.sizeBytes);
    if (bytes.length !== entry.sizeBytes) throw wrongSize(entry);
    if (crc32(bytes) !== entry.crc32) throw new EntryProblem("is damaged: its checksum is another");
    return bytes;
  });
}

/** What stands before an entry's data, without name and further fields; and where their lengths are in it. */
const HEADER = { signature: 0x04034b50, bytes: 30, nameLength: 26, extraLength: 28 };
/** The fields that tools write there are shorter. */
const EXTRA_BYTES = 64;

/**
 * Where the bytes of an entry are that is stored as it is: a zip in a zip is read there, and its own entries prove what they
 * are. Throws `unsupported_format` for one that is packed or encrypted, `invalid_input` for one that is not there.
 */
export async function entrySection(
  { file, name: archive }: Archive,
  { name, flags, method, headerBegin, packedBytes, sizeBytes }: ZipEntry,
): Promise<FileSection> {
  const refused = (code: "unsupported_format" | "invalid_input", why: string) =>
    new AppError(code, `${archive}: ${name} ${why}`, { details: { path: name } });
  if ((flags & ENCRYPTED) !== 0)
    throw refused(
      "unsupported_format",
      "is encrypted in the zip that it is packed in; pack that without a password",
    );
  if (method !== STORED)
    throw refused(
      "unsupported_format",
      "is compressed in the zip that it is packed in; store it there as it is (zip -0)",
    );
  const header = Buffer.alloc(HEADER.bytes);
  if (headerBegin + HEADER.bytes <= file.sizeBytes) await file.readInto(header, headerBegin);
  const begin = headerBegin + dataBegin(header);
  const section = file.sectionOf(begin, begin + sizeBytes);
  const isThere = packedBytes === sizeBytes && header.readUInt32LE(0) === HEADER.signature;
  if (!isThere || section === undefined) throw refused("invalid_input", NOT_THERE);
  return section;
}

/** Where the data of an entry is, from its header on. */
function dataBegin(header: Buffer): number {
  return HEADER.bytes + header.readUInt16LE(HEADER.nameLength) + header.readUInt16LE(HEADER.extraLength);
}

/** The packed bytes, by one read where that can be: on a NAS each takes its time. */
async function readPacked(file: JoinedFile, { name, headerBegin, packedBytes }: ZipEntry): Promise<Buffer> {
  const most = HEADER.bytes + Buffer.byteLength(name) + EXTRA_BYTES + packedBytes;
  const window = Buffer.allocUnsafeSlow(Math.max(0, Math.min(most, file.sizeBytes - headerBegin)));
  await file.readInto(window, headerBegin);
  if (window.length < HEADER.bytes || window.readUInt32LE(0) !== HEADER.signature) throw notThere();
  const begin = dataBegin(window);
  if (begin + packedBytes <= window.length) return window.subarray(begin, begin + packedBytes);
  if (headerBegin + begin + packedBytes > file.sizeBytes) throw notThere();
  const packed = Buffer.allocUnsafeSlow(packedBytes);
  await file.readInto(packed, headerBegin + begin);
  return packed;
}

const NOT_THERE = "is damaged: it is not where the zip says";

function notThere(): EntryProblem {
  return new EntryProblem(NOT_THERE);
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

/** What an entry of its size can take in the zip: nobody packs to more, and memory is taken for it. */
function mostPacked({ method, sizeBytes }: ZipEntry): number {
  return method === STORED ? sizeBytes : 2 * sizeBytes + 65_536;
}

function wrongSize({ sizeBytes }: ZipEntry): EntryProblem {
  return new EntryProblem(`does not unpack to the ${formatBytes(sizeBytes)} that the zip says it has`);
}

function inflate(packed: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // One byte more shows that there is more; one chunk is not copied together.
    const room = Math.max(MIN_CHUNK_BYTES, sizeBytes + 1);
    inflateRaw(packed, { maxOutputLength: sizeBytes + 1, chunkSize: room }, (error, bytes) => {
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
