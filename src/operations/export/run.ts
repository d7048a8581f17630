import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { AppError, toAppError } from "../../errors.ts";
import { type ExportManifest, exportRows } from "../../export/export.ts";
import { type ExportFormat, findFormat } from "../../export/formats.ts";
import { manifestName } from "../../export/output-place.ts";
import { IMAGE_LIST } from "../../export/samples/export-samples.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { createEngine } from "../../query/create-engine.ts";
import { DEFAULT_ENGINE } from "../../schema/engines.ts";
import type { ExportSummary, RemoteExport } from "../../schema/export.ts";
import type { ResultFile } from "../../schema/operation.ts";
import { mapConcurrent } from "../../util/concurrent.ts";
import { readLines } from "../../util/lines.ts";
import type { OperationOutcome, OperationTools } from "../operation.ts";
import { describeFile } from "../result-files.ts";

export interface ExportLocal {
  output: string;
}

type Tools = OperationTools<{ rows_done: number; rows_total: number }, ExportLocal>;

const REPORT_MS = 200;

/** Writes one export into its folder. Throws what `exportRows` throws, leaving nothing behind. */
export async function runExport(
  request: RemoteExport,
  formats: readonly ExportFormat[],
  { lake, settings, local, signal, report }: Tools,
): Promise<OperationOutcome<ExportSummary>> {
  const { output } = local as ExportLocal;
  const {
    engine: name = DEFAULT_ENGINE,
    images,
    skip_missing: skipMissing,
    format: formatName,
    samples,
    final_folder: finalFolder,
    ...query
  } = request;
  const format = findFormat(formatName, formats);
  const engine = await createEngine(name, async () => lake, settings);
  let total = 0;
  let reportedMs = 0;
  try {
    const {
      rows,
      bytes,
      missing,
      notes: ofColumns,
      samples: counts,
    } = await exportRows(
      { query, output, format, images, skipMissing, ...(samples && { samples }), finalFolder },
      {
        lake,
        engine,
        taxonomy: () => readTaxonomy(lake),
        signal,
        onStart: (rowCount) => {
          total = rowCount;
        },
        onProgress: (done) => {
          if (performance.now() - reportedMs < REPORT_MS) return;
          reportedMs = performance.now();
          report({ rows_done: done, rows_total: total });
        },
      },
    ).catch(describeFull);
    report({ rows_done: rows + missing, rows_total: rows + missing });
    const ofSamples =
      counts && (await import("../../export/samples/describe-counts.ts")).describeSamples(counts);
    const notes = ofSamples ?? ofColumns;
    return {
      result: { rows, bytes, missing, ...(notes && { notes }) },
      files: await describeFiles(output, format),
    };
  } finally {
    engine.close();
  }
}

function describeFull(cause: unknown): never {
  const error = toAppError(cause);
  if (error.code !== "no_space") throw error;
  throw new AppError(
    "no_space",
    "no space is left to prepare the rows; free some in the server's scratch folder, or select fewer rows",
    { cause },
  );
}

/** Lists all files of an export; digests of the large ones come from its manifest. */
async function describeFiles(folder: string, format: ExportFormat): Promise<ResultFile[]> {
  const text = await readFile(join(folder, manifestName(format)), "utf8");
  const known = new Map((JSON.parse(text) as ExportManifest).files.map(({ name, sha256 }) => [name, sha256]));
  if (known.has(IMAGE_LIST)) await readImageList(join(folder, IMAGE_LIST), known);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => nameWithin(folder, entry));
  return mapConcurrent(names.sort(), FILES_IN_FLIGHT, (name) => describeFile(folder, name, known.get(name)));
}

async function readImageList(path: string, known: Map<string, string>): Promise<void> {
  for await (const line of readLines(Bun.file(path).stream())) {
    const { name, sha256 } = JSON.parse(line) as { name: string; sha256: string };
    known.set(name, sha256);
  }
}

const FILES_IN_FLIGHT = 16;

function nameWithin(folder: string, { parentPath, name }: Dirent): string {
  return relative(folder, join(parentPath, name)).split(sep).join("/");
}
