import { open } from "node:fs/promises";

export interface WrittenFile {
  bytes: number;
  /** Of the whole file, lower-case hex. */
  sha256: string;
}

/** A file written from its start to its end, hashed on the way. */
export interface OutputFile {
  /** Writes the pieces one behind the other, without joining them first. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  bytes(): number;
  close(): Promise<WrittenFile>;
}

/** Creates the file at `path`, which must not exist. It is not synced: an export can be made again, and its manifest tells a torn one. */
export async function createOutputFile(path: string): Promise<OutputFile> {
  const handle = await open(path, "wx");
  const hasher = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  return {
    write: async (pieces) => {
      for (const piece of pieces) {
        for (let at = 0; at < piece.byteLength; ) {
          const { bytesWritten } = await handle.write(piece, at, piece.byteLength - at);
          at += bytesWritten;
        }
        hasher.update(piece);
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
