import { open } from "node:fs/promises";
import { throwIfCancelled } from "../errors.ts";

/** SHA-256 in lower-case hex. */
export function hashBytes(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

const PIECE_BYTES = 1 << 20;

/** SHA-256 of a file in lower-case hex, read in chunks of 1 MiB. Throws `cancelled`. */
export async function hashFile(path: string | Buffer, signal?: AbortSignal): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  const buffer = new Uint8Array(PIECE_BYTES);
  const handle = await open(path, "r");
  try {
    for (;;) {
      throwIfCancelled(signal);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hasher.digest("hex");
      hasher.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
