import type { FileHandle } from "node:fs/promises";
import { CompressionType, Message } from "apache-arrow";
import { BufferRegion, DictionaryBatch, RecordBatch } from "apache-arrow/ipc/metadata/message";
import { AppError } from "../../errors.ts";
import { readAt } from "../bytes.ts";
import { decompressLz4Frame } from "../lz4.ts";
import { type ArrowMessage, frameMessage } from "./messages.ts";
import { plainDictionary } from "./views.ts";

/**
 * Reads a batch's message as an uncompressed one for an IPC stream. Buffers in `blank` (places in the batch's list)
 * are not read: offsets and views become zeros, data becomes nothing, so that every cell of their column is empty.
 */
export async function readPlainMessage(
  handle: FileHandle,
  message: ArrowMessage,
  blank: ReadonlyMap<number, "zeros" | "nothing">,
): Promise<Uint8Array[]> {
  const batch = batchOf(message);
  const buffers: Uint8Array[] = [];
  for (const index of batch.buffers.keys()) {
    const kind = blank.get(index);
    if (kind === "nothing") buffers.push(new Uint8Array(0));
    else if (kind === "zeros") buffers.push(new Uint8Array(await plainLength(handle, message, index)));
    else buffers.push(await readBuffer(handle, message, index));
  }
  return frameBatch(message, buffers, batch.variadicBufferCounts);
}

/** Reads a dictionary of string views as one of plain strings. */
export async function readViewDictionary(handle: FileHandle, message: ArrowMessage): Promise<Uint8Array[]> {
  const batch = batchOf(message);
  const buffers: Uint8Array[] = [];
  for (const index of batch.buffers.keys()) buffers.push(await readBuffer(handle, message, index));
  return frameBatch(message, plainDictionary(buffers, batch.length), []);
}

/** The message again with other buffers, none compressed. */
function frameBatch(
  message: ArrowMessage,
  buffers: readonly Uint8Array[],
  variadicCounts: number[],
): Uint8Array[] {
  const batch = batchOf(message);
  const body: Uint8Array[] = [];
  const regions: BufferRegion[] = [];
  let at = 0;
  for (const bytes of buffers) {
    const padding = (8 - (bytes.length % 8)) % 8;
    regions.push(new BufferRegion(at, bytes.length));
    body.push(bytes, new Uint8Array(padding));
    at += bytes.length + padding;
  }
  const plain = new RecordBatch(batch.length, batch.nodes, regions, null, variadicCounts);
  const { header } = message;
  const rebuilt =
    "dictionary" in header
      ? new DictionaryBatch(plain, header.dictionary.id, header.dictionary.isDelta)
      : plain;
  return frameMessage(Message.encode(Message.from(rebuilt, at)), body);
}

function batchOf({ header }: ArrowMessage): RecordBatch {
  if ("batch" in header) return header.batch;
  if ("dictionary" in header) return header.dictionary.data;
  throw new AppError("internal", "a schema message has no buffers");
}

/** One buffer of a batch, decompressed; empty where it was left out. */
export async function readBuffer(
  handle: FileHandle,
  message: ArrowMessage,
  index: number,
): Promise<Uint8Array> {
  const { region, compression } = locate(message, index);
  const bytes = await readAt(handle, message.bodyFrom + region.offset, region.length);
  if (compression === undefined || bytes.length === 0) return bytes;
  const length = plainSize(bytes);
  if (length === -1) return bytes.subarray(8); // stored as it is where compression did not help
  if (compression === CompressionType.LZ4_FRAME) return decompressLz4Frame(bytes.subarray(8), length);
  const plain = Bun.zstdDecompressSync(bytes.subarray(8) as Uint8Array<ArrayBuffer>);
  if (plain.length !== length) throw damagedBuffer();
  return plain;
}

/** Where an uncompressed buffer is in the file; undefined for a compressed one. */
export function plainRange(message: ArrowMessage, index: number): { from: number; end: number } | undefined {
  const { region, compression } = locate(message, index);
  const from = message.bodyFrom + region.offset;
  return compression === undefined ? { from, end: from + region.length } : undefined;
}

async function plainLength(handle: FileHandle, message: ArrowMessage, index: number): Promise<number> {
  const { region, compression } = locate(message, index);
  if (compression === undefined || region.length === 0) return region.length;
  const length = plainSize(await readAt(handle, message.bodyFrom + region.offset, 8));
  return length === -1 ? region.length - 8 : length;
}

function locate(message: ArrowMessage, index: number) {
  const batch = batchOf(message);
  const region = batch.buffers[index];
  if (!region) throw new AppError("invalid_input", "an Arrow batch lacks a buffer that its schema asks for");
  const { offset, length } = region;
  if (offset < 0 || length < 0 || offset + length > message.bodyBytes) throw damagedBuffer();
  return { region, compression: batch.compression?.type };
}

/** A compressed buffer begins with the length of what it holds; -1 where it is stored as it is. */
function plainSize(bytes: Uint8Array): number {
  if (bytes.length < 8) throw damagedBuffer();
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true));
  if (length < -1 || length > MAX_PLAIN_BYTES) throw damagedBuffer();
  return length;
}

/** Larger ones nobody writes: offsets of most types have 31 bits. */
const MAX_PLAIN_BYTES = 2 ** 31;

function damagedBuffer(): AppError {
  return new AppError(
    "invalid_input",
    "a buffer of an Arrow batch is not where, or as long as, the batch says",
  );
}
