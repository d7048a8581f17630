import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { AppError, systemCode } from "../../errors.ts";
import { type ByteReader, createByteReader, readAt, readRange } from "../bytes.ts";
import { createLz4Output, decompressLz4Block } from "../lz4.ts";
import { decompressSnappy } from "./snappy.ts";
import { readThrift, type ThriftStruct, thriftNumber, thriftStruct } from "./thrift.ts";

/**
 * One page of a column chunk; `levels` and `repetitions` are encoded definition and repetition levels, `values` what
 * follows them, decompressed.
 */
export interface Page {
  kind: "dictionary" | "data";
  valueCount: number;
  encoding: number;
  levels: Uint8Array | undefined;
  /** Of a list: 0 where a row begins. */
  repetitions: Uint8Array | undefined;
  values: ByteReader;
  /** Bytes that `values` holds. */
  valueBytes: number;
}

export interface ChunkRange {
  from: number;
  end: number; // exclusive
  /** As parquet_metadata() names it. */
  codec: string;
  /** Definition level of a cell that is there; 0 = never null. */
  maxLevel: number;
  /** Of a list: the definition level from which on there is an element. */
  elementLevel?: number;
}

const DATA = 0;
const DICTIONARY = 2;
const DATA_V2 = 3;
const HEAD_BYTES = 4096;
const MAX_HEAD_BYTES = HEAD_BYTES * 16 ** 4; // 256 MB
/** Writers begin a new page after some 20,000, or with the row group. */
const MAX_VALUES = 1 << 24;

/**
 * The pages of a column chunk one after another, each decompressed as it is read: a page of any size costs constant
 * memory. Take what you need of `values` before the next page. Format:
 * parquet-format/src/main/thrift/parquet.thrift.
 */
export async function* readPages(handle: FileHandle, range: ChunkRange): AsyncGenerator<Page> {
  for (let at = range.from; at < range.end; ) {
    const { header, bodyFrom } = await readHeader(handle, at, range.end);
    const compressedBytes = need(thriftNumber(header, 3));
    const bodyEnd = bodyFrom + compressedBytes;
    if (bodyEnd > range.end) throw new AppError("corrupt", "a Parquet page is longer than its column");
    const type = thriftNumber(header, 1);
    if (type === DATA || type === DICTIONARY || type === DATA_V2) {
      const page = await openPage(handle, range, header, type, bodyFrom, bodyEnd);
      try {
        yield page;
      } finally {
        await page.values.close();
      }
    }
    at = bodyEnd;
  }
}

async function openPage(
  handle: FileHandle,
  range: ChunkRange,
  header: ThriftStruct,
  type: number,
  from: number,
  end: number,
): Promise<Page> {
  const plainBytes = need(thriftNumber(header, 2));
  if (type === DATA_V2) {
    const own = thriftStruct(header, 8);
    const levelBytes = need(thriftNumber(own, 5) ?? 0);
    const repetitionBytes = need(thriftNumber(own, 6) ?? 0);
    const before = levelBytes + repetitionBytes;
    if (before > plainBytes || before > end - from)
      throw new AppError("corrupt", "a Parquet page has too many levels");
    const codec = own?.get(7) === false ? "UNCOMPRESSED" : range.codec;
    return {
      kind: "data",
      valueCount: valueCount(own),
      encoding: need(thriftNumber(own, 4)),
      repetitions: isList(range) ? await readAt(handle, from, repetitionBytes) : undefined,
      levels: range.maxLevel === 0 ? undefined : await readAt(handle, from + repetitionBytes, levelBytes),
      values: await decompress(codec, handle, from + before, end, plainBytes - before),
      valueBytes: plainBytes - before,
    };
  }
  const own = thriftStruct(header, type === DATA ? 5 : 7);
  const page = { valueCount: valueCount(own), encoding: need(thriftNumber(own, 2)) };
  const values = await decompress(range.codec, handle, from, end, plainBytes);
  if (type === DICTIONARY || range.maxLevel === 0) {
    const kind = type === DICTIONARY ? ("dictionary" as const) : ("data" as const);
    return { ...page, kind, levels: undefined, repetitions: undefined, values, valueBytes: plainBytes };
  }
  let valueBytes = plainBytes;
  const takeLevels = async () => {
    const head = await values.take(4);
    const levelBytes = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    valueBytes -= levelBytes + 4;
    if (valueBytes < 0) throw new AppError("corrupt", "a Parquet page has too many levels");
    return (await values.take(levelBytes)).slice();
  };
  const repetitions = isList(range) ? await takeLevels() : undefined;
  const levels = await takeLevels();
  return { ...page, kind: "data", levels, repetitions, values, valueBytes };
}

/** Levels of more than one list in another are not read: a column of images has one. */
function isList({ elementLevel = 0 }: ChunkRange): boolean {
  return elementLevel > 0;
}

async function readHeader(
  handle: FileHandle,
  at: number,
  end: number,
): Promise<{ header: ThriftStruct; bodyFrom: number }> {
  // statistics inside a header may hold a whole value
  for (let wanted = HEAD_BYTES; ; wanted *= 16) {
    const bytes = await readAt(handle, at, Math.min(wanted, end - at));
    const parsed = readThrift(bytes);
    if (parsed) return { header: parsed.value, bodyFrom: at + parsed.end };
    if (bytes.length < wanted) throw new AppError("corrupt", "a Parquet column ends in the middle of a page");
    if (wanted >= MAX_HEAD_BYTES) throw new AppError("corrupt", "a Parquet page has no header");
  }
}

async function decompress(
  codec: string,
  handle: FileHandle,
  from: number,
  end: number,
  plainBytes: number,
): Promise<ByteReader> {
  const source = readRange(handle, from, end);
  switch (codec) {
    case "UNCOMPRESSED":
      return createByteReader(source);
    case "SNAPPY":
      return createByteReader(decompressSnappy(createByteReader(source)));
    case "ZSTD":
      return createByteReader(through(source, createZstdDecompress()));
    case "GZIP":
      return createByteReader(through(source, createGunzip()));
    case "BROTLI":
      return createByteReader(through(source, createBrotliDecompress()));
    case "LZ4_RAW":
      return createByteReader(decompressLz4(handle, from, end, plainBytes));
    default:
      throw new AppError(
        "unsupported_format",
        `Parquet columns of images compressed as ${codec} cannot be read; write them as zstd or uncompressed`,
      );
  }
}

async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: NodeJS.ReadWriteStream & { destroy(): unknown },
): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source, { objectMode: false });
  input.on("error", () => transform.destroy());
  try {
    yield* input.pipe(transform) as unknown as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const code = systemCode(cause) ?? "";
    if (cause instanceof AppError || (/^E/.test(code) && !code.startsWith("ERR_"))) throw cause;
    throw new AppError("corrupt", "a Parquet page cannot be decompressed; the file is damaged", { cause });
  } finally {
    input.destroy();
    transform.destroy();
  }
}

async function* decompressLz4(
  handle: FileHandle,
  from: number,
  end: number,
  plainBytes: number,
): AsyncGenerator<Uint8Array> {
  const compressed = await readAt(handle, from, end - from);
  const output = createLz4Output(compressed, plainBytes);
  decompressLz4Block(compressed, output);
  yield output;
}

function valueCount(header: ThriftStruct | undefined): number {
  const count = need(thriftNumber(header, 1));
  if (count > MAX_VALUES) throw new AppError("corrupt", `a Parquet page says that it has ${count} values`);
  return count;
}

function need(value: number | undefined): number {
  if (value === undefined || value < 0) throw new AppError("corrupt", "a Parquet page header lacks a field");
  return value;
}
