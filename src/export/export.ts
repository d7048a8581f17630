import { AppError, throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { QueryEngine } from "../query/engine.ts";
import { conditionOf, type RowQuery } from "../schema/query.ts";
import {
  checkImages,
  type ExportFormat,
  type ExportFormatName,
  findFormat,
  type ImageMode,
} from "./formats.ts";
import { describeFault, planOutput } from "./output-place.ts";
import { describeShape, toRecordBatches } from "./record-batches.ts";
import type { ExportedFile } from "./writer.ts";

export interface ExportRequest {
  query: RowQuery;
  /** A file where it ends as those of the format do, else a folder. */
  output: string;
  format: ExportFormatName | ExportFormat;
  images: ImageMode;
  skipMissing: boolean;
}

export interface ExportEffects {
  /** Where the images lie; may be missing where none are asked for. */
  lake: Lake | undefined;
  engine: QueryEngine;
  signal: AbortSignal;
  onStart?(rowCount: number): void;
  onProgress?(rows: number): void;
}

export interface ExportResult {
  output: string;
  /** Its name. */
  format: string;
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
  /** Which rows: partitions, the condition on their rows, the limit. */
  selection: RowQuery;
  catalog_generation: number;
  output_format: string;
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
  const { images, skipMissing } = request;
  const format = formatOf(request);
  if (lake === undefined && images !== "none") {
    throw new AppError("usage", `images can only be read from a lake; add --lake DIR, or --images none`);
  }
  const place = planOutput(lake, request.output, format);
  await place.assertFree();
  const rows = await engine.retrieveWithExistingCols(request.query, signal);
  effects.onStart?.(rows.rowCount);
  const shape = describeShape(rows, images);
  let missing = 0;
  let written = 0;
  const collect = createCollector();
  try {
    await place.make();
    const writer = await format.open({
      folder: place.temp,
      fileName: place.fileName,
      schema: shape.schema,
      features: shape.features,
    });
    try {
      const onMissing = () => {
        missing += 1;
      };
      const counted = conditionOf(request.query) === undefined ? "row" : "hit";
      const batches = toRecordBatches(rows, shape, { lake, images, counted, skipMissing, onMissing });
      for await (const batch of batches) {
        throwIfCancelled(signal);
        await writer.write(batch);
        written += batch.numRows;
        collect(batch.data.byteLength);
        effects.onProgress?.(written + missing);
      }
      const files = await writer.finish();
      const manifest: ExportManifest = {
        format: 1,
        selection: request.query,
        catalog_generation: rows.generation,
        output_format: format.name,
        images,
        rows: written,
        missing,
        files,
      };
      await place.settle(`${JSON.stringify(manifest, null, 2)}\n`);
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const names = files.map(({ name }) => name);
      return {
        output: place.output,
        format: format.name,
        images,
        rows: written,
        bytes,
        missing,
        files: names,
      };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } catch (error) {
    await place.discard();
    throw describeFault(error, place.output);
  }
}

/** The format of a request. Throws `usage` where it cannot hold the images as they are asked for. */
export function formatOf({ format: given, images }: Pick<ExportRequest, "format" | "images">): ExportFormat {
  const format = typeof given === "string" ? findFormat(given) : given;
  checkImages(format, images);
  return format;
}

/** After so many bytes of batches the garbage of them is collected. */
const COLLECT_BYTES = 128 * 1024 * 1024;

/** The engine counts little of what buffers outside its heap take, and would let gigabytes of them lie. */
function createCollector(): (sizeBytes: number) => void {
  let seen = 0;
  return (sizeBytes) => {
    seen += sizeBytes;
    if (seen < COLLECT_BYTES) return;
    seen = 0;
    Bun.gc(true);
  };
}
