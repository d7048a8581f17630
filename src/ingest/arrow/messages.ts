import type { FileHandle } from "node:fs/promises";
import { Message, type Schema } from "apache-arrow";
import type { DictionaryBatch, RecordBatch } from "apache-arrow/ipc/metadata/message";
import { AppError } from "../../errors.ts";
import { readAt } from "../bytes.ts";

/** One message of an IPC stream: its header, and where its body lies in the file. */
export interface ArrowMessage {
  /** The flatbuffer as it stands in the file. */
  metadata: Uint8Array;
  header: { schema: Schema } | { batch: RecordBatch } | { dictionary: DictionaryBatch };
  bodyFrom: number;
  bodyBytes: number;
}

const MAGIC = "ARROW1";
const MAX_METADATA_BYTES = 256 << 20;

/**
 * The messages of an Arrow IPC stream or file (Feather v2), headers only. A file is a stream between its magic and its
 * footer. Throws `invalid_input` for what is neither, and where a message is cut. Format: arrow/docs/format/Columnar.rst.
 */
export async function* readMessages(handle: FileHandle, path: string): AsyncGenerator<ArrowMessage> {
  const { size } = await handle.stat();
  const magic = Buffer.from(await readAt(handle, 0, 8)).toString("latin1");
  if (magic.startsWith("FEA1")) throw damaged(path, "is Feather version 1; write it again with version 2");
  for (let at = magic.startsWith(MAGIC) ? 8 : 0; at < size; ) {
    const prefix = await readAt(handle, at, 8);
    if (prefix.length < 4) throw damaged(path, "ends in the middle of a message");
    const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
    // before 0.15 a message had no continuation marker
    const marked = view.getUint32(0, true) === 0xffffffff;
    if (marked && prefix.length < 8) throw damaged(path, "ends in the middle of a message");
    const length = view.getInt32(marked ? 4 : 0, true);
    if (length === 0) return;
    const metadataFrom = at + (marked ? 8 : 4);
    if (length < 0 || length > MAX_METADATA_BYTES) throw damaged(path, "is no Arrow IPC stream or file");
    if (metadataFrom + length > size) throw damaged(path, "ends in the middle of a message");
    const metadata = await readAt(handle, metadataFrom, length);
    const message = decodeMessage(metadata, path);
    const bodyFrom = metadataFrom + length;
    if (bodyFrom + message.bodyLength > size) throw damaged(path, "ends in the middle of a message");
    const header = headerOf(message);
    if (header) yield { metadata, header, bodyFrom, bodyBytes: message.bodyLength };
    at = bodyFrom + message.bodyLength;
  }
}

function decodeMessage(metadata: Uint8Array, path: string): Message {
  try {
    return Message.decode(metadata);
  } catch (cause) {
    throw damaged(path, "is no Arrow IPC stream or file", cause);
  }
}

function headerOf(message: Message): ArrowMessage["header"] | undefined {
  if (message.isSchema()) return { schema: message.header() as Schema };
  if (message.isRecordBatch()) return { batch: message.header() as RecordBatch };
  if (message.isDictionaryBatch()) return { dictionary: message.header() as DictionaryBatch };
  return undefined;
}

/** A message as it stands in a stream; metadata is padded to 8 bytes. */
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
