import { mkdir, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { AppError, systemCode, throwIfCancelled } from "../errors.ts";
import { tempBeside } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import type { QueryEngine } from "../query/engine.ts";
import type { Selection } from "../schema/partition.ts";
import type { RowQuery } from "../schema/query.ts";
import { type ExportFormat, fileEnding, loadWriter } from "./formats.ts";
import { describeShape, type ImageMode, toRecordBatches } from "./record-batches.ts";
import type { ExportedFile } from "./writer.ts";

export interface ExportRequest {
  query: RowQuery;
  /** A file ending in `.parquet` or `.arrow` for these formats, else a folder. */
  output: string;
  format: ExportFormat;
  images: ImageMode;
  skipMissing: boolean;
}

export interface ExportEffects {
  lake: Lake;
  engine: QueryEngine;
  signal: AbortSignal;
  onStart?(rowCount: number): void;
  onProgress?(rows: number): void;
}

export interface ExportResult {
  output: string;
  format: ExportFormat;
  images: ImageMode;
  rows: number;
  /** Of all files together, the manifest left out. */
  bytes: number;
  /** Rows left out because their asset is missing. */
  missing: number;
  files: string[];
}

/** What lies beside the data: `manifest.json` in an output folder, `<file>.manifest.json` beside an output file. */
export interface ExportManifest {
  format: 1;
  selection: Selection & { limit?: number | undefined };
  catalog_generation: number;
  output_format: ExportFormat;
  images: ImageMode;
  rows: number;
  missing: number;
  files: ExportedFile[];
}

/**
 * Writes the selected rows in one format, streamed, under a temp name beside the output that is renamed when all is
 * there. Throws `conflict` when something lies at the output, `missing_asset`, `not_found`, `cancelled`; nothing is left
 * then.
 */
export async function exportRows(request: ExportRequest, effects: ExportEffects): Promise<ExportResult> {
  const { lake, engine, signal } = effects;
  const { format, images, skipMissing } = request;
  const place = await planOutput(request);
  const rows = await engine.retrieveWithExistingCols(request.query, signal);
  effects.onStart?.(rows.rowCount);
  const shape = describeShape(rows, images);
  const openWriter = await loadWriter(format);
  await mkdir(place.temp, { recursive: true });
  let missing = 0;
  let written = 0;
  try {
    const writer = await openWriter({
      folder: place.temp,
      fileName: place.fileName,
      schema: shape.schema,
      features: shape.features,
      fingerprint: fingerprintOf(request, rows.generation),
    });
    try {
      const onMissing = () => {
        missing += 1;
      };
      const batches = toRecordBatches(rows, shape, { lake, images, skipMissing, onMissing });
      for await (const batch of batches) {
        throwIfCancelled(signal);
        await writer.write(batch);
        written += batch.numRows;
        effects.onProgress?.(written + missing);
      }
      const files = await writer.finish();
      const manifest: ExportManifest = {
        format: 1,
        selection: request.query,
        catalog_generation: rows.generation,
        output_format: format,
        images,
        rows: written,
        missing,
        files,
      };
      await place.settle(`${JSON.stringify(manifest, null, 2)}\n`);
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const names = files.map(({ name }) => name);
      return { output: place.output, format, images, rows: written, bytes, missing, files: names };
    } finally {
      await writer.abort();
    }
  } catch (error) {
    throw describeDisk(error, place.output);
  } finally {
    await rm(place.temp, { recursive: true, force: true });
  }
}

interface OutputPlace {
  output: string;
  /** Folder beside the output in which it is made. */
  temp: string;
  fileName: string;
  /** Writes the manifest and gives the output its name. */
  settle(manifest: string): Promise<void>;
}

async function planOutput({ output, format }: ExportRequest): Promise<OutputPlace> {
  const path = resolve(output);
  const ending = fileEnding(format);
  const temp = tempBeside(path);
  await assertFree(path);
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw describeDisk(error, path);
  });
  if (ending === undefined || !path.endsWith(ending)) {
    return {
      output: path,
      temp,
      fileName: `data${ending ?? ""}`,
      settle: async (manifest) => {
        await writeFile(join(temp, "manifest.json"), manifest);
        await rmdir(path).catch(() => {}); // an empty folder is taken
        await rename(temp, path);
      },
    };
  }
  const manifestPath = `${path}.manifest.json`;
  await assertFree(manifestPath);
  return {
    output: path,
    temp,
    fileName: basename(path),
    settle: async (manifest) => {
      await writeFile(join(temp, "manifest.json"), manifest);
      await rename(join(temp, "manifest.json"), manifestPath);
      await rename(join(temp, basename(path)), path);
    },
  };
}

async function assertFree(path: string): Promise<void> {
  try {
    if ((await readdir(path)).length === 0) return;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return;
    if (code !== "ENOTDIR") throw error;
  }
  throw new AppError("conflict", `${path} exists; remove it, or choose another --output`, {
    details: { path },
  });
}

function fingerprintOf({ query, format, images, skipMissing }: ExportRequest, generation: number): string {
  const text = JSON.stringify([query, format, images, skipMissing, generation]);
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

function describeDisk(error: unknown, path: string): unknown {
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
