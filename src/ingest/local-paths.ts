import { stat } from "node:fs/promises";
import { basename, isAbsolute, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { systemCode } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { joinLocal, type LocalPath, legacyBytes } from "./legacy-names.ts";

/**
 * Finds the file that a row's path means: absolute, or relative to one of `folders` in their order. Korean names
 * are tried as written, then composed and decomposed, because macOS and Linux keep them differently, then in CP949,
 * which old archives have. Undefined: no such file.
 */
export async function findLocalFile(
  path: string,
  folders: readonly string[],
): Promise<{ path: LocalPath; sizeBytes: number } | undefined> {
  const plain = path.startsWith("file://") ? fromUrl(path) : path;
  if (plain.includes("\0")) return undefined; // no file system has such a name
  const spellings = new Set([plain, plain.normalize("NFC"), plain.normalize("NFD")]);
  const bases = isAbsolute(plain) ? [""] : folders;
  for (const spelling of spellings) {
    for (const base of bases) {
      const candidate = base === "" ? spelling : join(base, spelling);
      const sizeBytes = await fileSize(candidate);
      if (sizeBytes !== undefined) return { path: candidate, sizeBytes };
    }
  }
  for (const base of bases) {
    const found = await findLegacy(base, plain);
    const sizeBytes = found === undefined ? undefined : await fileSize(found);
    if (found !== undefined && sizeBytes !== undefined) return { path: found, sizeBytes };
  }
  return undefined;
}

/** Each part of the path by itself: a folder may have been made again, and the files in it not. */
async function findLegacy(base: string, path: string): Promise<LocalPath | undefined> {
  const parts = normalize(path)
    .split("/")
    .filter((part) => part !== "");
  if (parts.every((part) => legacyBytes(part).length === 0)) return undefined;
  let found: LocalPath = base === "" ? "/" : base;
  for (const part of parts) {
    const spellings = [part, part.normalize("NFC"), part.normalize("NFD"), ...legacyBytes(part)];
    const next = await firstThere(spellings.map((spelling) => joinLocal(found, spelling)));
    if (next === undefined) return undefined;
    found = next;
  }
  return found;
}

/**
 * An absolute path as it is on the disk, where its Korean names are composed or decomposed otherwise: lists of files come
 * from another system than the files. Undefined: nothing is there.
 */
export async function findSpelled(path: string): Promise<string | undefined> {
  let found = "";
  for (const part of path.split("/").filter((part) => part !== "")) {
    const spellings = new Set([part, part.normalize("NFC"), part.normalize("NFD")]);
    const next = await firstThere([...spellings].map((spelling) => `${found}/${spelling}`));
    if (typeof next !== "string") return undefined;
    found = next;
  }
  return found === "" ? undefined : found;
}

async function firstThere(paths: readonly LocalPath[]): Promise<LocalPath | undefined> {
  for (const path of paths) {
    const there = await stat(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
}

async function fileSize(path: LocalPath): Promise<number | undefined> {
  try {
    const facts = await stat(path);
    return facts.isFile() ? facts.size : undefined;
  } catch (error) {
    // A link to itself leads nowhere, like one to a file that is gone.
    if (isMissing(error) || ["ENAMETOOLONG", "ELOOP"].includes(systemCode(error) ?? "")) return undefined;
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
 * The name that a content keeps: its path as it came, composed (NFC); an absolute one relative to `folder` when it
 * is there, else its last part.
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

/** No file system has a longer path. */
const MAX_PATH_BYTES = 4096;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
/** Base64 of how JPEG, PNG, GIF, WebP, TIFF and PDF begin; a short text of this kind may be a file's name. */
const BASE64_IMAGE = /^(\/9j\/|iVBORw0KGgo|R0lGOD|UklGR|SUkqA|TU0AK|JVBERi0)/;

/** True for a text that is a file's content, as a data URL or in base64, and no path to one. */
export function isData(path: string): boolean {
  if (/^data:[^,]*,/i.test(path)) return true;
  if (path.length > MAX_PATH_BYTES) return true;
  return path.length > 255 && BASE64_IMAGE.test(path) && BASE64.test(path.replace(/\s/g, ""));
}
