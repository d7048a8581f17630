import type { FileHandle } from "node:fs/promises";
import { Message, type Schema } from "apache-arrow";
import { Footer } from "apache-arrow/ipc/metadata/file";
import type { DictionaryBatch, RecordBatch } from "apache-arrow/ipc/metadata/message";
import { AppError } from "../../errors.ts";
import { readAt } from "../bytes.ts";
import { fitsFooter, fitsMetadata } from "./vectors.ts";

/** One message of an IPC stream: its header, and where its body is in the file. */
export interface ArrowMessage {
  header: { schema: Schema } | { batch: RecordBatch } | { dictionary: DictionaryBatch };
  bodyFrom: number;
  bodyBytes: number;
}

const MAGIC = "ARROW1";
const MAX_METADATA_BYTES = 256 << 20;

/**
 * The messages of an Arrow IPC stream or file (Feather v2), headers only; a schema first. Throws `invalid_input`
 * for what is neither, and where it is cut. Format: arrow/docs/format/Columnar.rst.
 */
export async function* readMessages(handle: FileHandle, path: string): AsyncGenerator<ArrowMessage> {
  const { size } = await handle.stat();
  const magic = Buffer.from(await readAt(handle, 0, MAGIC.length)).toString("latin1");
  if (magic.startsWith("FEA1")) throw damaged(path, "is Feather version 1; write it again with version 2");
  if (magic === MAGIC) yield* readFileMessages(handle, size, path);
  else yield* readStreamMessages(handle, size, path);
}

async function* readStreamMessages(handle: FileHandle, size: number, path: string) {
  for (let at = 0; at < size; ) {
    const message = await readMessage(handle, at, size, path);
    if (message === undefined) return;
    yield message;
    at = message.bodyFrom + message.bodyBytes;
  }
}

/** By the footer's list: what lies between may be anything (polars writes no schema in front). */
async function* readFileMessages(handle: FileHandle, size: number, path: string) {
  const tailBytes = 4 + MAGIC.length;
  const tail = Buffer.from(await readAt(handle, size - tailBytes, tailBytes));
  const footerBytes = tail.length === tailBytes ? tail.readInt32LE(0) : 0;
  const cut = tail.toString("latin1", 4) !== MAGIC || footerBytes <= 0 || footerBytes > size - tailBytes;
  if (cut) throw damaged(path, "lacks its end; copy it again");
  const footerAt = size - tailBytes - footerBytes;
  const encoded = await readAt(handle, footerAt, footerBytes);
  if (!decode(path, encoded, fitsFooter)) throw damaged(path, "is damaged; copy or write it again");
  const footer = decode(path, encoded, Footer.decode);
  yield { header: { schema: footer.schema }, bodyFrom: 0, bodyBytes: 0 } satisfies ArrowMessage;
  for (const block of [...footer.dictionaryBatches(), ...footer.recordBatches()]) {
    const message = await readMessage(handle, block.offset, size, path);
    if (message === undefined) throw damaged(path, "lists a missing batch");
    yield message;
  }
}

/** The message at a place in the file; undefined at the end of a stream. */
async function readMessage(
  handle: FileHandle,
  at: number,
  size: number,
  path: string,
): Promise<ArrowMessage | undefined> {
  if (!(at >= 0 && at <= size)) throw damaged(path, "lists a missing batch");
  const prefix = Buffer.from(await readAt(handle, at, 8));
  // before 0.15 a message had no continuation marker
  const marked = prefix.length >= 4 && prefix.readUInt32LE(0) === 0xffffffff;
  const prefixBytes = marked ? 8 : 4;
  if (prefix.length < prefixBytes) throw damaged(path, "ends in the middle of a message");
  const length = prefix.readInt32LE(prefixBytes - 4);
  if (length === 0) return undefined;
  if (length < 0 || length > MAX_METADATA_BYTES) throw damaged(path, "is not an Arrow IPC stream or file");
  if (at + prefixBytes + length > size) throw damaged(path, "ends in the middle of a message");
  const metadata = await readAt(handle, at + prefixBytes, length);
  if (!decode(path, metadata, fitsMetadata)) throw damaged(path, "is damaged; copy or write it again");
  const message = decode(path, metadata, Message.decode);
  const bodyFrom = at + prefixBytes + length;
  const isBounded = Number.isSafeInteger(message.bodyLength) && message.bodyLength >= 0;
  if (!isBounded) throw damaged(path, "is not an Arrow IPC stream or file");
  if (bodyFrom + message.bodyLength > size) throw damaged(path, "ends in the middle of a message");
  const header = decode(path, message, (one) => headerOf(one, path));
  if ("batch" in header && !isCount(header.batch.length))
    throw damaged(path, "has a batch of no number of rows");
  return { header, bodyFrom, bodyBytes: message.bodyLength };
}

/** Of rows: as many as an Arrow array can have. */
function isCount(length: number): boolean {
  return Number.isSafeInteger(length) && length >= 0 && length < 2 ** 31;
}

/** The library decodes parts of a message when they are asked for, and throws what it meets. */
function decode<S, T>(path: string, source: S, decoder: (source: S) => T): T {
  try {
    return decoder(source);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const [, type] = /^Unrecognized type: "(\w+)"/.exec(String((cause as Error).message)) ?? [];
    if (type !== undefined && type !== "undefined") {
      const message = `${path} has a column of the Arrow type ${type}, which is not supported; write it as Parquet, or as a plain type`;
      throw new AppError("unsupported_format", message, { details: { path, type }, cause });
    }
    throw damaged(path, "is not an Arrow IPC stream or file", cause);
  }
}

function headerOf(message: Message, path: string): ArrowMessage["header"] {
  if (message.isSchema()) return { schema: message.header() as Schema };
  if (message.isRecordBatch()) return { batch: message.header() as RecordBatch };
  if (message.isDictionaryBatch()) return { dictionary: message.header() as DictionaryBatch };
  throw damaged(path, "holds tensors, not a table");
}

/** A message as it is in a stream; metadata is padded to 8 bytes. */
export function frameMessage(metadata: Uint8Array, body: readonly Uint8Array[]): Uint8Array[] {
  const padding = (8 - (metadata.length % 8)) % 8;
  const prefix = new Uint8Array(8);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, 0xffffffff, true);
  view.setInt32(4, metadata.length + padding, true);
  return [prefix, metadata, new Uint8Array(padding), ...body];
}

function damaged(path: string, why: string, cause?: unknown): AppError {
  return new AppError("invalid_input", `${path} ${why}`, { details: { path }, cause });
}
