import { mkdir, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { exists, namesIn, removeTree } from "../lake/files.ts";
import { readJson } from "../lake/json-file.ts";
import type { Lake } from "../lake/lake.ts";
import { describeSelf, LeaseHolderSchema, livesHere } from "../lake/lease-holder.ts";
import { linkExclusive } from "../lake/link.ts";
import { isTempOf, moveToFree, replaceFile, tempBeside } from "../lake/replace.ts";
import type { ExportFormat } from "./formats.ts";

/** Where an output is written and how it gets its final name. */
export interface OutputPlace {
  output: string;
  temp: string;
  /** Name of the data file for single-file formats. */
  fileName: string;
  /** Throws `conflict` if the output exists; an output folder may be empty. */
  assertFree(): Promise<void>;
  /** Makes the temp folder, and removes those of processes that were killed while they wrote this output. */
  make(): Promise<void>;
  /** Writes the manifest and renames the output; throws `conflict` if the name was taken meanwhile. */
  settle(manifest: string): Promise<void>;
  discard(): Promise<void>;
}

/** Manifest name within an output folder. Trainers read every JSON file beside their data as data. */
export function manifestName(format: ExportFormat): string {
  return "openSamples" in format ? ".datalake/manifest.json" : "manifest.json";
}

/**
 * A file if the name has the format's extension, with `<name>.manifest.json` beside it; otherwise a folder.
 * Throws `usage` for a path inside the lake.
 */
export function planOutput(lake: Lake | undefined, output: string, format: ExportFormat): OutputPlace {
  const { ending } = format;
  const name = manifestName(format);
  const path = resolve(output);
  if (lake && `${path}${sep}`.startsWith(`${lake.root}${sep}`)) {
    throw new AppError("usage", `${path} is inside the lake; choose an --output outside of ${lake.root}`);
  }
  const temp = tempBeside(path);
  const writer = join(temp, WRITER);
  const isFile = ending !== undefined && path.endsWith(ending);
  const manifestPath = `${path}.${name}`;
  const fileName = isFile ? basename(path) : `data${ending ?? ""}`;
  let made: string | undefined;
  return {
    output: path,
    temp,
    fileName,
    assertFree: async () => {
      if (!isFile && (await isEmptyFolder(path))) return;
      for (const taken of isFile ? [path, manifestPath] : [path]) {
        if (await exists(taken)) throw inTheWay(taken);
      }
    },
    make: async () => {
      made = await mkdir(temp, { recursive: true });
      await writeFile(writer, JSON.stringify(await describeSelf("a download")));
      await dropAbandoned(path);
    },
    settle: async (manifest) => {
      await mkdir(dirname(join(temp, name)), { recursive: true });
      await writeFile(join(temp, name), manifest);
      await rm(writer);
      if (!isFile) {
        await rmdir(path).catch(() => {}); // only if empty; otherwise the rename fails
        await moveToFree(temp, path).catch((cause: unknown) => {
          throw ["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(systemCode(cause) ?? "") ? inTheWay(path) : cause;
        });
        return;
      }
      if (!(await linkExclusive(join(temp, fileName), path))) throw inTheWay(path);
      await replaceFile(join(temp, name), manifestPath);
      await removeTree(temp);
    },
    discard: async () => {
      await removeTree(temp);
      if (made === undefined) return;
      for (let at = dirname(temp); at.length >= made.length; at = dirname(at)) {
        await rmdir(at).catch(() => {}); // only if nothing was added
      }
    },
  };
}

/** In a temp folder: who writes there. */
const WRITER = ".writer.json";

/** What is of a process of another machine, or not to be told, stays. */
async function dropAbandoned(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await namesIn(folder).catch(() => []); // a folder may be writable alone
  for (const found of names.map((name) => join(folder, name))) {
    if (!isTempOf(found, path)) continue;
    const writer = await readJson(join(found, WRITER), LeaseHolderSchema).catch(() => undefined);
    if (writer === undefined || (await livesHere(writer)) !== false) continue;
    await removeTree(found);
  }
}

function inTheWay(path: string): AppError {
  return new AppError("conflict", `${path} exists; remove it, or choose another --output`, {
    details: { path },
  });
}

async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return false;
    throw error;
  }
}

/** Converts a system error while writing to a sentence about the output. */
export function describeFault(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new AppError("no_space", `no space left for ${path}; free some, or choose another --output`, {
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new AppError("permission_denied", `${path} cannot be written; choose another --output`, {
      cause: error,
    });
  }
  return error;
}
