import { AppError, throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { QueryEngine } from "../query/engine.ts";
import { parseValue } from "../schema/check.ts";
import { viewOf } from "../schema/labels/task-view.ts";
import { conditionOf, type RowQuery, type RowResult } from "../schema/query.ts";
import { type SampleWishesInput, SampleWishesSchema, wishesProblem } from "../schema/samples.ts";
import type { Taxonomy } from "../schema/taxonomy.ts";
import {
  checkBuilt,
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
  /** A file if it has the format's extension, otherwise a folder. */
  output: string;
  format: ExportFormatName | ExportFormat;
  images: ImageMode;
  skipMissing: boolean;
  samples?: SampleWishesInput;
  /** Absolute path of the final folder, if it is not the output. */
  finalFolder?: string | undefined;
}

export interface ExportEffects {
  /** Source of the images; optional without images. */
  lake: Lake | undefined;
  engine: QueryEngine;
  taxonomy(): Promise<Pick<Taxonomy, "tasks">>;
  signal: AbortSignal;
  onStart?(rowCount: number): void;
  onProgress?(rows: number): void;
}

export interface ExportResult {
  output: string;
  format: string;
  images: ImageMode;
  rows: number;
  /** Of all files except the manifest. */
  bytes: number;
  /** Rows left out because their asset is missing. */
  missing: number;
  files: string[];
  /** How columns met that differ between the partitions, a sentence each. */
  notes?: string[];
  /** For sample formats: what was written and what was left out. */
  samples?: SampleCounts;
}

/** `manifest.json` in an output folder, or `<file>.manifest.json` beside an output file. */
export interface ExportManifest {
  format: 1;
  selection: RowQuery;
  catalog_generation: number;
  output_format: string;
  images: ImageMode;
  rows: number;
  missing: number;
  notes?: string[];
  samples?: SampleCounts;
  /** Bytes of the image files listed in `.datalake/images.jsonl`. */
  image_bytes?: number;
  files: ExportedFile[];
}

/**
 * Streams the selected rows to a temp name beside the output and renames it when complete. Throws `conflict`
 * if the output exists, `missing_asset`, `not_found` without a row, `cancelled`, leaving nothing behind.
 */
export async function exportRows(request: ExportRequest, effects: ExportEffects): Promise<ExportResult> {
  const { lake, engine, signal } = effects;
  const { images } = request;
  const format = formatOf(request);
  checkBuilt(format);
  if (lake === undefined && images !== "none") {
    throw new AppError("usage", `images can only be read from a lake; add --lake DIR, or --images none`);
  }
  const place = planOutput(lake, request.output, format);
  await place.assertFree();
  const rows = await engine.retrieveWithExistingCols(request.query, signal);
  if (rows.rowCount === 0 && request.query.limit !== 0) throw nothingFound(request.query);
  effects.onStart?.(rows.rowCount);
  try {
    await place.make();
    const run: ExportRun = { request, format, rows, place, effects };
    const { missing, written, files, more } =
      "openSamples" in format ? await writeSamples(run, format) : await writeRows(run, format);
    // Samples are made of labels, each by its own view.
    const notes = "openSamples" in format ? [] : (rows.notes?.() ?? []);
    const noted = notes.length > 0 ? { notes } : {};
    const manifest: ExportManifest = {
      format: 1,
      selection: request.query,
      catalog_generation: rows.generation,
      output_format: format.name,
      images,
      rows: written,
      missing,
      ...noted,
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
      ...noted,
      ...(more && { samples: more.samples }),
    };
  } catch (error) {
    await place.discard();
    throw describeFault(error, place.output);
  }
}

/** An output without rows is asked for by the limit 0; else a trainer would fail later, far from the reason. */
function nothingFound({ text, column, where }: RowQuery): AppError {
  const terms = [
    ...(text === undefined ? [] : [`contains ${JSON.stringify(text)}`]),
    ...(column !== undefined && text === undefined ? [`has a value in ${column}`] : []),
    ...(where === undefined ? [] : [`meets ${where.join(", ")}`]),
  ];
  const lacking =
    terms.length === 0 ? "the selection has no rows" : `no row of the selection ${terms.join(" and ")}`;
  return new AppError("not_found", `${lacking}; nothing was written`);
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
    license: [...new Set(rows.partitions.map(({ license }) => license).filter(Boolean))].join(", "),
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
    wishes: parseValue(SampleWishesSchema, request.samples ?? {}),
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

/** The format of a request. Throws `usage` if it does not support the image mode, or would pass over a wish. */
export function formatOf({
  format: given,
  images,
  samples,
}: Pick<ExportRequest, "format" | "images" | "samples">): ExportFormat {
  const format = typeof given === "string" ? findFormat(given) : given;
  checkImages(format, images);
  const problem = wishesProblem(format, samples);
  if (problem !== undefined) throw new AppError("usage", problem);
  return format;
}

/** Run garbage collection after this many bytes of batches. */
const COLLECT_BYTES = 128 * 1024 * 1024;

/** Estimated objects per batch column, for input and output. */
const COLUMN_BYTES = 16 * 1024;

/** The engine hardly counts buffers outside its heap and would keep gigabytes of garbage. */
function createCollector(): (sizeBytes: number) => void {
  let seen = 0;
  return (sizeBytes) => {
    seen += sizeBytes;
    if (seen < COLLECT_BYTES) return;
    seen = 0;
    Bun.gc(true);
  };
}
