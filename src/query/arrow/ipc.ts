import { RecordBatch, RecordBatchFileWriter, RecordBatchStreamWriter, type Schema } from "apache-arrow";

/** Encodes record batches as Arrow IPC; each call returns the new pieces of the file, uncopied. */
export interface IpcEncoder {
  begin(): Uint8Array[];
  encode(batch: RecordBatch): Uint8Array[];
  end(): Uint8Array[];
}

/** The stream format, which `datasets` memory-maps. */
export function createStreamEncoder(schema: Schema): IpcEncoder {
  const pieces: Uint8Array[] = [];
  // The library's sink is an asynchronous queue; take the pieces before they reach it.
  class Encoder extends RecordBatchStreamWriter {
    protected override _write(chunk: ArrayBufferView): this {
      return keep(this, pieces, chunk, (bytes) => {
        this._position += bytes;
      });
    }
  }
  return wrap(new Encoder(), schema, pieces);
}

/** The file format (`ARROW1` with footer) for readers of `.arrow` and `.feather`. */
export function createFileEncoder(schema: Schema): IpcEncoder {
  const pieces: Uint8Array[] = [];
  class Encoder extends RecordBatchFileWriter {
    protected override _write(chunk: ArrayBufferView): this {
      return keep(this, pieces, chunk, (bytes) => {
        this._position += bytes;
      });
    }
  }
  return wrap(new Encoder(), schema, pieces);
}

function keep<T>(
  writer: T,
  pieces: Uint8Array[],
  chunk: ArrayBufferView,
  advance: (bytes: number) => void,
): T {
  if (chunk && chunk.byteLength > 0) {
    pieces.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    advance(chunk.byteLength);
  }
  return writer;
}

function wrap(
  writer: RecordBatchStreamWriter | RecordBatchFileWriter,
  schema: Schema,
  pieces: Uint8Array[],
): IpcEncoder {
  const take = () => pieces.splice(0);
  return {
    begin: () => {
      writer.reset(undefined, schema);
      return take();
    },
    encode: (batch) => {
      // The library restarts for a schema that differs only in null and undefined time zones.
      writer.write(batch.schema === schema ? batch : new RecordBatch(schema, batch.data));
      return take();
    },
    end: () => {
      writer.finish();
      return take();
    },
  };
}
