import { Message, type Schema } from "apache-arrow";
import type { RecordBatch } from "apache-arrow/ipc/metadata/message";
import { withFile } from "../bytes.ts";
import { readPlainMessage, readViewDictionary } from "./bodies.ts";
import { blankColumn, findBytesColumn } from "./columns.ts";
import { frameMessage, readMessages } from "./messages.ts";
import { plainSchema } from "./views.ts";

/** A piece ends when its batches reach this. */
const PIECE_BYTES = 32 << 20;

/**
 * The batches of an Arrow file as complete IPC streams of some MB each, buffers of `blank` columns left out. Each begins
 * with the schema and the dictionaries of its batches; a stream may replace one, and what came before it keeps its own.
 * `evenEmpty` gives a stream for a file without rows too, for its columns.
 */
export async function* readPieces(
  file: { path: string; schema: Schema },
  blank: readonly string[],
  evenEmpty: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array[]> {
  const { schema, ids } = plainSchema(file.schema);
  yield* withFile(file.path, async function* (handle) {
    const begin = frameMessage(Message.encode(Message.from(schema)), []);
    // by id, a whole one and what was added to it
    const dictionaries = new Map<number, Uint8Array[]>();
    let batches: Uint8Array[] = [];
    let batchBytes = 0;
    let given = false;
    const takePiece = () => {
      const piece = [...begin, ...[...dictionaries.values()].flat(), ...batches];
      batches = [];
      batchBytes = 0;
      given = true;
      return piece;
    };
    for await (const message of readMessages(handle, file.path)) {
      signal?.throwIfAborted();
      const { header } = message;
      if ("schema" in header) continue;
      if ("dictionary" in header) {
        const { id, isDelta } = header.dictionary;
        const framed = ids.has(id)
          ? await readViewDictionary(handle, message)
          : await readPlainMessage(handle, message, new Map());
        const known = dictionaries.get(id) ?? [];
        if (known.length > 0 && !isDelta && batches.length > 0) yield takePiece();
        dictionaries.set(id, isDelta ? [...known, ...framed] : framed);
        continue;
      }
      const framed = await readPlainMessage(handle, message, blankBuffers(file.schema, blank, header.batch));
      batches.push(...framed);
      batchBytes += framed.reduce((total, part) => total + part.length, 0);
      if (batchBytes >= PIECE_BYTES) yield takePiece();
    }
    if (batches.length > 0 || (evenEmpty && !given)) yield takePiece();
  });
}

/** Buffers of these columns in a batch: left where they are. */
function blankBuffers(
  schema: Schema,
  names: readonly string[],
  batch: RecordBatch,
): Map<number, "zeros" | "nothing"> {
  const columns = names.map((name) => findBytesColumn(schema, name, batch.variadicBufferCounts));
  return new Map(columns.flatMap((column) => (column ? blankColumn(column) : [])));
}
