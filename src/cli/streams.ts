import type { Readable, Writable } from "node:stream";

export type InputStream = Readable & { isTTY?: boolean | undefined };
export type OutputStream = Writable & { isTTY?: boolean | undefined; columns?: number | undefined };

/** Waits until everything written so far has left the process. */
export async function flushStream(stream: OutputStream): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return;
  await new Promise<void>((resolve) => stream.write("", () => resolve()));
}
