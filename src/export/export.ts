import { AppError, throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { QueryEngine } from "../query/engine.ts";
import { viewOf } from "../schema/labels/task-view.ts";
import { conditionOf, type RowQuery, type RowResult } from "../schema/query.ts";
import type { SampleWishesInput } from "../schema/samples.ts";
import type { Taxonomy } from "../schema/taxonomy.ts";
import {
  checkImages,
  type ExportFormat,
  type ExportFormatName,
  findFormat,
  type RowFormat,
  type SampleFormat,
} from "./formats.ts";
import type { ImageMode } from "./image-mode.ts";
import { describeFault, type OutputPlace, planOutput } from "./output-place.ts";
import { describeShape, toRecordBatches } from "./record-batches.ts";
import type { SampleCounts } from "./samples/counts.ts";
import type { ExportedFile } from "./writer.ts";

export interface ExportRequest {
  query: RowQuery;
  /** A file where it ends as those of the format do, else a folder. */
  output: string;
  format: ExportFormatName | ExportFormat;
  images: ImageMode;
  skipMissing: boolean;
  /** Of a format of samples. */
  samples?: SampleWishesInput;
  /** Absolute path of the folder that the files will stand in, where that is not the output. */
  finalFolder?: string | undefined;
}

export interface ExportEffects {
  /** Where the images lie; may be missing where none are asked for. */
  lake: Lake | undefined;
  engine: QueryEngine;
  /** What the labels of tasks mean. */
  taxonomy(): Promise<Pick<Taxonomy, "tasks">>;
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
  /** Of a format of samples: what is in the output, and what is not. */
  samples?: SampleCounts;
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
  /** Of a format of samples. */
  samples?: SampleCounts;
  /** Bytes of image files, which `.datalake/images.jsonl` lists. */
  image_bytes?: number;
  files: ExportedFile[];
}

/**
 * Writes the selected rows in one format, streamed, under a temp name beside the output that is renamed when all is
 * there. Throws `conflict` when something lies at the output, `missing_asset`, `not_found`, `cancelled`; nothing is left
 * then.
 */
export async function exportRows(request: ExportRequest, effects: ExportEffects): Promise<ExportResult> {
  const { lake, engine, signal } = effects;
  const { images } = request;
  const format = formatOf(request);
  if (lake === undefined && images !== "none") {
    throw new AppError("usage", `images can only be read from a lake; add --lake DIR, or --images none`);
  }
  const place = planOutput(lake, request.output, format);
  await place.assertFree();
  const rows = await engine.retrieveWithExistingCols(request.query, signal);
  effects.onStart?.(rows.rowCount);
  try {
    await place.make();
    const run: ExportRun = { request, format, rows, place, effects };
    const { missing, written, files, more } =
      "openSamples" in format ? await writeSamples(run, format) : await writeRows(run, format);
    const manifest: ExportManifest = {
      format: 1,
      selection: request.query,
      catalog_generation: rows.generation,
      output_format: format.name,
      images,
      rows: written,
      missing,
      ...more,
      files,
    };
    await place.settle(`${JSON.stringify(manifest, null, 2)}\n`);
    const bytes = files.reduce((sum, file) => sum + file.bytes, more?.image_bytes ?? 0);
    return {
      output: place.output,
      format: format.name,
      images,
      rows: written,
      bytes,
      missing,
      files: files.map(({ name }) => name),
      ...(more && { samples: more.samples }),
    };
  } catch (error) {
    await place.discard();
    throw describeFault(error, place.output);
  }
}

interface ExportRun {
  request: ExportRequest;
  format: ExportFormat;
  rows: RowResult;
  place: OutputPlace;
  effects: ExportEffects;
}

interface Written {
  missing: number;
  written: number;
  files: ExportedFile[];
  more?: Pick<ExportManifest, "samples" | "image_bytes">;
}

async function writeRows({ request, rows, place, effects }: ExportRun, format: RowFormat): Promise<Written> {
  const { lake, signal } = effects;
  const { images, skipMissing } = request;
  const shape = describeShape(rows, images);
  let missing = 0;
  let written = 0;
  const collect = createCollector();
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
      collect(batch.data.byteLength + shape.schema.fields.length * COLUMN_BYTES);
      effects.onProgress?.(written + missing);
    }
    return { missing, written, files: await writer.finish() };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function writeSamples(
  { request, rows, place, effects }: ExportRun,
  format: SampleFormat,
): Promise<Written> {
  const { lake, engine, signal, onProgress } = effects;
  const [{ exportSamples }, taxonomy] = await Promise.all([
    import("./samples/export-samples.ts"),
    effects.taxonomy(),
  ]);
  if (lake === undefined)
    throw new AppError("usage", `--format ${format.name} needs the lake; add --lake DIR`);
  let missing = 0;
  const { files, samples, imageBytes } = await exportSamples({
    format,
    rows,
    lake,
    images: request.images,
    skipMissing: request.skipMissing,
    wishes: { ...request.samples, group_by: request.samples?.group_by ?? [] },
    folder: place.temp,
    finalFolder: request.finalFolder ?? place.output,
    viewOf: (key) => viewOf(taxonomy, key)?.view,
    again: () => engine.retrieveWithExistingCols(request.query, signal),
    signal,
    onRows: (done) => onProgress?.(done),
    onMissing: () => {
      missing++;
    },
  });
  return { missing, written: samples.samples, files, more: { samples, image_bytes: imageBytes } };
}

/** The format of a request. Throws `usage` where it cannot hold the images as they are asked for. */
export function formatOf({ format: given, images }: Pick<ExportRequest, "format" | "images">): ExportFormat {
  const format = typeof given === "string" ? findFormat(given) : given;
  checkImages(format, images);
  return format;
}

/** After so many bytes of batches the garbage of them is collected. */
const COLLECT_BYTES = 128 * 1024 * 1024;

/** What a column of a batch leaves in objects, on the ways in and out. */
const COLUMN_BYTES = 16 * 1024;

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
