import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../errors.ts";
import { giveOpenPermissions } from "../lake/group.ts";

/**
 * Writes a body to a new file as it comes, at most `maxBytes` of it, and compares its SHA-256 where that is told. Throws `too_large`, and
 * `invalid_input` for other bytes than those announced. Whoever calls removes what was written then.
 */
export async function receiveStream(
  body: ReadableStream<Uint8Array> | null,
  path: string,
  { sha256, maxBytes, mode }: { sha256: string | undefined; maxBytes: number; mode: number },
): Promise<void> {
  const hasher = new Bun.CryptoHasher("sha256");
  const handle = await open(path, "wx", mode & 0o755); // never open to others for writing, not for a moment
  let sizeBytes = 0;
  try {
    // Read one by one: the next piece is fetched when this one is written.
    for await (const piece of body ?? []) {
      sizeBytes += piece.byteLength;
      if (sizeBytes > maxBytes) {
        throw new AppError("too_large", `the content is larger than ${maxBytes} bytes (images.max_bytes)`);
      }
      hasher.update(piece);
      await writeAll(handle, piece);
    }
    await giveOpenPermissions(handle, dirname(path), mode);
  } finally {
    await handle.close();
  }
  const got = hasher.digest("hex");
  if (sha256 === undefined || got === sha256) return;
  throw new AppError(
    "invalid_input",
    `the received bytes do not match the announced SHA-256 ${sha256}; send them again`,
    {
      details: { sha256, got },
    },
  );
}

/** Writes all of a piece at `offset`, or where the last one ended. */
export async function writeAll(
  handle: Awaited<ReturnType<typeof open>>,
  piece: Uint8Array,
  offset?: number,
): Promise<void> {
  for (let at = 0; at < piece.byteLength; ) {
    const place = offset === undefined ? null : offset + at;
    at += (await handle.write(piece, at, piece.byteLength - at, place)).bytesWritten;
  }
}
