import { mkdir, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { exists } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { linkExclusive } from "../lake/link.ts";
import { moveToFree, replaceFile, tempBeside } from "../lake/replace.ts";
import type { ExportFormat } from "./formats.ts";

/** Where an output is made and how it gets its name. */
export interface OutputPlace {
  output: string;
  /** Folder beside the output in which it is made. */
  temp: string;
  /** Name of the data file where the format has only one. */
  fileName: string;
  /** Throws `conflict` when something lies at the output; an empty folder is taken for a folder. */
  assertFree(): Promise<void>;
  /** Makes the temp folder, and the folders above the output. */
  make(): Promise<void>;
  /** Writes the manifest and gives the output its name; throws `conflict` when that was taken meanwhile. */
  settle(manifest: string): Promise<void>;
  /** Removes what was made. */
  discard(): Promise<void>;
}

/** Where an output folder of a format has its manifest: trainers take every JSON that lies beside their data for data. */
export function manifestName(format: ExportFormat): string {
  return "openSamples" in format ? ".datalake/manifest.json" : "manifest.json";
}

/**
 * A file where the name ends as the format's files do, with `<name>.manifest.json` beside it; else a folder. Throws
 * `usage` for a place inside the lake.
 */
export function planOutput(lake: Lake | undefined, output: string, format: ExportFormat): OutputPlace {
  const { ending } = format;
  const name = manifestName(format);
  const path = resolve(output);
  if (lake && `${path}${sep}`.startsWith(`${lake.root}${sep}`)) {
    throw new AppError("usage", `${path} is inside the lake; choose an --output outside of ${lake.root}`);
  }
  const temp = tempBeside(path);
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
    },
    settle: async (manifest) => {
      await mkdir(dirname(join(temp, name)), { recursive: true });
      await writeFile(join(temp, name), manifest);
      if (!isFile) {
        await rmdir(path).catch(() => {}); // an empty one; any other makes the rename fail
        await moveToFree(temp, path).catch((cause: unknown) => {
          throw ["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(systemCode(cause) ?? "") ? inTheWay(path) : cause;
        });
        return;
      }
      if (!(await linkExclusive(join(temp, fileName), path))) throw inTheWay(path);
      await replaceFile(join(temp, name), manifestPath);
      await rm(temp, { recursive: true, force: true });
    },
    discard: async () => {
      await rm(temp, { recursive: true, force: true });
      if (made === undefined) return;
      for (let at = dirname(temp); at.length >= made.length; at = dirname(at)) {
        await rmdir(at).catch(() => {}); // somebody has put something there
      }
    },
  };
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

/** An error of the system while writing to the output, as a sentence about the output. */
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
