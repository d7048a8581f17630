import { open } from "node:fs/promises";
import { throwIfCancelled } from "../errors.ts";
import { writeAll } from "./receive-stream.ts";

/**
 * Writes a body to the end of a file, which has `offset` bytes. What came before it broke off, or before `signal`, stays:
 * the file has as many bytes as arrived. Gives false where there were more than `maxBytes`: it is as before then.
 */
export async function appendStream(
  body: ReadableStream<Uint8Array>,
  path: string,
  { offset, maxBytes, signal }: { offset: number; maxBytes: number; signal: AbortSignal },
): Promise<boolean> {
  const handle = await open(path, "r+");
  const reader = body.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  let at = offset;
  try {
    for (;;) {
      const { done, value: piece } = await reader.read();
      throwIfCancelled(signal);
      if (done) return true;
      if (at + piece.byteLength > maxBytes) {
        await handle.truncate(offset);
        return false;
      }
      await writeAll(handle, piece, at);
      at += piece.byteLength;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
    await handle.close();
  }
}
