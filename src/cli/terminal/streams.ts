import type { Readable, Writable } from "node:stream";

export type InputStream = Readable & { isTTY?: boolean | undefined };
export type OutputStream = Writable & { isTTY?: boolean | undefined; columns?: number | undefined };

/**
 * Follows what is written to a stream from now on. The returned function waits until all of it has left the
 * process, and throws the error that stopped it. An empty write or `end` does not tell: on a pipe its callback is
 * immediate.
 */
export function followWrites(stream: OutputStream): () => Promise<void> {
  const write = stream.write.bind(stream) as OutputStream["write"];
  let pending = 0;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  stream.write = ((data: Uint8Array | string, ...rest: unknown[]) => {
    const encoding = typeof rest[0] === "string" ? (rest[0] as BufferEncoding) : "utf8";
    const written = rest.find((value) => typeof value === "function") as
      | ((error?: Error | null) => void)
      | undefined;
    pending++;
    return write(data, encoding, (error) => {
      pending--;
      failure ??= error ?? undefined;
      written?.(error);
      if (pending === 0) wake?.();
    });
  }) as OutputStream["write"];
  return async () => {
    while (pending > 0 && failure === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (failure !== undefined) throw failure;
  };
}

/** Writes and waits until the stream accepts more. */
export async function writeStream(stream: OutputStream, data: Uint8Array | string): Promise<void> {
  if (stream.destroyed || stream.write(data)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      stream.off("drain", done).off("close", done).off("error", done);
      resolve();
    };
    stream.on("drain", done).on("close", done).on("error", done);
  });
}
