import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { AppError } from "../../errors.ts";

const GZIP = [0x1f, 0x8b];
const CHUNK_BYTES = 1 << 20;

/**
 * The bytes of a text file, unpacked where it is gzip (by its first bytes, not its name). Throws `invalid_input` for
 * gzip that is cut off or damaged.
 */
export async function* readTextBytes(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const head = new Uint8Array(await Bun.file(path).slice(0, GZIP.length).arrayBuffer());
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!GZIP.every((byte, at) => head[at] === byte)) {
    for await (const chunk of file) {
      signal?.throwIfAborted();
      yield chunk as Uint8Array;
    }
    return;
  }
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  file.on("error", (error) => unpacked.destroy(error));
  try {
    for await (const chunk of file.pipe(unpacked)) {
      signal?.throwIfAborted();
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (!code.startsWith("Z_")) throw cause;
    const what =
      code === "Z_BUF_ERROR" ? "is cut off: its gzip stream ends in the middle" : "is damaged gzip";
    throw new AppError("invalid_input", `${path} ${what}; copy it again completely`, {
      details: { path },
      cause,
    });
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}
