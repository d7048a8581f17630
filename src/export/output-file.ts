import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

export interface WrittenFile {
  bytes: number;
  /** Of the whole file, lower-case hex. */
  sha256: string;
}

/** A file written sequentially and hashed while writing. */
export interface OutputFile {
  /** Appends pieces; large ones are not copied. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  bytes(): number;
  close(): Promise<WrittenFile>;
}

/** Pieces up to this size are joined: a separate write costs more than a copy. */
const JOIN_BYTES = 1024 * 1024;

/**
 * Creates a file and its parent folders; `path` must not exist. Not synced: a torn export fails its manifest.
 */
export async function createOutputFile(path: string): Promise<OutputFile> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "wx");
  const hasher = new Bun.CryptoHasher("sha256");
  const buffer = new Uint8Array(JOIN_BYTES);
  let bytes = 0;
  return {
    write: async (pieces) => {
      for (const piece of joinSmall(pieces, buffer)) {
        const writing = writeWhole(handle, piece);
        hasher.update(piece); // overlaps with the system's write
        await writing;
        bytes += piece.byteLength;
      }
    },
    bytes: () => bytes,
    close: async () => {
      await handle.close();
      return { bytes, sha256: hasher.digest("hex") };
    },
  };
}

/** Joins runs of small pieces in `buffer`, which is reused. */
function* joinSmall(pieces: readonly Uint8Array[], buffer: Uint8Array): Generator<Uint8Array> {
  let filled = 0;
  for (const piece of pieces) {
    if (filled + piece.byteLength > buffer.length) {
      if (filled > 0) yield buffer.subarray(0, filled);
      filled = 0;
    }
    if (piece.byteLength > buffer.length) yield piece;
    else {
      buffer.set(piece, filled);
      filled += piece.byteLength;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

async function writeWhole(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.byteLength; ) {
    const { bytesWritten } = await handle.write(piece, at, piece.byteLength - at);
    at += bytesWritten;
  }
}
