import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

export interface WrittenFile {
  bytes: number;
  /** Of the whole file, lower-case hex. */
  sha256: string;
}

/** A file written from its start to its end, hashed on the way. */
export interface OutputFile {
  /** Writes the pieces one behind the other; large ones are not copied. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  bytes(): number;
  close(): Promise<WrittenFile>;
}

/** Pieces up to this are joined to their neighbours: a write of its own would cost more than the copy. */
const JOIN_BYTES = 1024 * 1024;

/** Creates the file at `path`, which must not exist, and the folders above it. It is not synced: an export can be made again, and its manifest tells a torn one. */
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
        hasher.update(piece); // while the system writes
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

/** Joins runs of small pieces in `buffer`, which is used again after each. */
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
