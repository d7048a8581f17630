import type { Readable, Writable } from "node:stream";

export type InputStream = Readable & { isTTY?: boolean | undefined };
export type OutputStream = Writable & { isTTY?: boolean | undefined; columns?: number | undefined };

/** Waits until everything written so far has left the process. */
export async function flushStream(stream: OutputStream): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return;
  await new Promise<void>((resolve) => stream.write("", () => resolve()));
}

/** Writes and waits until the stream takes more. */
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
