import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { AppError, systemCode } from "../errors.ts";

/** Larger than any document of a lake, even for a job of a million uploads. */
const MAX_BYTES = 256 << 20;

/**
 * Text of a regular file. Throws `corrupt` for anything else (a pipe would block), system errors if missing.
 */
export async function readRegular(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) => {
    if (systemCode(error) === "ELOOP") throw strange(path, "is a link to itself", error);
    throw error;
  });
  try {
    const facts = await handle.stat();
    if (facts.isFile() && facts.size <= MAX_BYTES) return await handle.readFile("utf8");
    throw strange(path, facts.isFile() ? `has ${facts.size} bytes` : "is not a file");
  } finally {
    await handle.close();
  }
}

function strange(path: string, why: string, cause?: unknown): AppError {
  return new AppError("corrupt", `${path} ${why}; restore or remove it`, { details: { path }, cause });
}
