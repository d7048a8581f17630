import { stat } from "node:fs/promises";
import { basename, isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { isMissing } from "../lake/files.ts";

/**
 * Finds the file that a row's path means: absolute, or relative to one of `folders` in their order. Korean names are
 * tried as written, then composed and decomposed, because macOS and Linux keep them differently. Undefined: no such file.
 */
export async function findLocalFile(
  path: string,
  folders: readonly string[],
): Promise<{ path: string; sizeBytes: number } | undefined> {
  const plain = path.startsWith("file://") ? fromUrl(path) : path;
  const spellings = new Set([plain, plain.normalize("NFC"), plain.normalize("NFD")]);
  const bases = isAbsolute(plain) ? [""] : folders;
  for (const spelling of spellings) {
    for (const base of bases) {
      const candidate = base === "" ? spelling : join(base, spelling);
      const sizeBytes = await fileSize(candidate);
      if (sizeBytes !== undefined) return { path: candidate, sizeBytes };
    }
  }
  return undefined;
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    const facts = await stat(path);
    return facts.isFile() ? facts.size : undefined;
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

function fromUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}

/**
 * The name that a content keeps: its path as it came, composed (NFC); an absolute one relative to `folder` when it lies
 * there, else its last part.
 */
export function sourceName(path: string, folder: string): string {
  const plain = path.normalize("NFC").replace(/^\.\//, "");
  if (!isAbsolute(plain) && !plain.includes("://")) return plain;
  const inside = relative(folder.normalize("NFC"), plain);
  return inside.startsWith("..") || isAbsolute(inside) || plain.includes("://") ? basename(plain) : inside;
}

/** True for what can only be fetched from elsewhere. */
export function isRemote(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path) && !path.startsWith("file://");
}
