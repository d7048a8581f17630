import { open } from "node:fs/promises";
import { readAt } from "../bytes.ts";
import { readThrift } from "./thrift.ts";

/** Length of the footer, and the magic. */
const TAIL_BYTES = 8;
/** Magic of a file whose footer is encrypted, too. */
const ENCRYPTED = "PARE";
/** Field of FileMetaData in a footer that is not: encryption_algorithm. */
const ALGORITHM = 8;

/** Whether columns of a Parquet file are encrypted. Format: parquet-format/Encryption.md. */
export async function isEncrypted(path: string): Promise<boolean> {
  await using file = await open(path);
  const { size } = await file.stat();
  if (size < TAIL_BYTES) return false;
  const tail = Buffer.from(await readAt(file, size - TAIL_BYTES, TAIL_BYTES));
  if (tail.toString("latin1", 4) === ENCRYPTED) return true;
  const footerBytes = tail.readUInt32LE(0);
  if (footerBytes > size - TAIL_BYTES) return false;
  try {
    const footer = readThrift(await readAt(file, size - TAIL_BYTES - footerBytes, footerBytes));
    return footer?.value.has(ALGORITHM) ?? false;
  } catch {
    return false; // damaged
  }
}
