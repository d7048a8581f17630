import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { type ExportManifest, type ExportRequest, type ExportResult, formatOf } from "../../export/export.ts";
import type { ExportFormat } from "../../export/formats.ts";
import { describeFault, manifestName, type OutputPlace, planOutput } from "../../export/output-place.ts";
import { removeTree } from "../../lake/files.ts";
import { moveToFree } from "../../lake/replace.ts";
import { EXPORT } from "../../operations/export/operation.ts";
import { checkValue, parseValue } from "../../schema/check.ts";
import type { EngineName } from "../../schema/engines.ts";
import type { RemoteExportInput } from "../../schema/export.ts";
import { failureError } from "../../schema/failure.ts";
import type { OperationState, ResultFile } from "../../schema/operation.ts";
import { mapConcurrent } from "../../util/concurrent.ts";
import { namesProblem } from "../../util/relative-names.ts";
import type { DownloadWatch, RunOptions } from "../lake-client.ts";
import { fetchPart } from "./file.ts";
import { connectHttp, type RemoteHttp } from "./http.ts";
import { followOperation, startOperation } from "./operations.ts";

export interface RemoteDownload {
  url: string;
  token?: string | undefined;
  engine: EngineName;
  signal: AbortSignal;
  /** While the server puts the rows together. */
  onRows?: DownloadWatch["onRows"];
  /** A line on which nothing comes for so long is taken for broken; a minute without. */
  stallMs?: number;
  /** While its files come. */
  onBytes?: DownloadWatch["onBytes"];
}

const FILES_IN_FLIGHT = 4;
const STALL_MS = 60_000;
/** How often an export is restarted that the server has no longer. */
const BEGINNINGS = 3;

/**
 * Has the server put the rows together and fetches the files, checked by their SHA-256; they get their place when
 * all are there. What has come is kept beside the output when it breaks off: the same call continues from there.
 * The output is that of a local download, byte for byte. Throws `usage` for images as references, `conflict`,
 * `not_found`, `no_space`, `corrupt`, `server_unreachable`, `cancelled`.
 */
export async function downloadFrom(download: ExportRequest, options: RemoteDownload): Promise<ExportResult> {
  const { query, output, images, skipMissing } = download;
  const format = formatOf(download);
  if (images === "reference" || images === "link") {
    throw new AppError(
      "usage",
      `--images ${images} needs the lake mounted here: use --lake DIR instead of the server, or --images embed`,
    );
  }
  const place = planOutput(undefined, output, format);
  await place.assertFree();
  const request = {
    ...query,
    engine: options.engine,
    format: format.name,
    images,
    skip_missing: skipMissing,
    ...("openSamples" in format && { samples: download.samples ?? {}, final_folder: place.output }),
  };
  const path = resolve(output);
  const folder = join(dirname(path), `.${basename(path)}.download`);
  const http = connectHttp(options.url, options.token);
  try {
    const { state, manifest } = await fetchExport(http, { request, folder, format }, options);
    const files = await settle(place, folder, format, { state, manifest });
    await http.send("DELETE", `/exports/${state.id}`, { timeoutMs: 5000 }).catch(() => {}); // it expires
    await removeTree(folder);
    const { rows, bytes, missing } = parseValue(EXPORT.result, state.result);
    const { notes, samples } = manifest;
    const result = { output: place.output, format: format.name, images, rows, bytes, missing, files };
    return { ...result, ...(notes && { notes }), ...(samples && { samples }) };
  } catch (error) {
    const away = error instanceof AppError && error.code === "server_unreachable";
    if (!away && !(await hasParts(folder))) await removeTree(folder);
    throw describeFault(error, place.output);
  }
}

async function hasParts(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.some((name) => name.endsWith(PART));
}

interface FetchedExport {
  state: OperationState;
  manifest: ExportManifest;
}

async function fetchExport(
  http: RemoteHttp,
  { request, folder, format }: { request: RemoteExportInput; folder: string; format: ExportFormat },
  options: RemoteDownload,
): Promise<FetchedExport> {
  for (let beginning = 1; ; beginning++) {
    try {
      const id = await beginOrResume(http, request, folder);
      const { signal, onRows } = options;
      const onProgress: RunOptions<typeof EXPORT>["onProgress"] = (rows) =>
        onRows?.(rows.rows_done, rows.rows_total);
      const state = await followOperation(http, EXPORT, id, { signal, onProgress });
      if (state.error !== undefined) {
        await rm(join(folder, STATE), { force: true });
        throw failureError(state.error);
      }
      checkFiles(http.url, state.files, format);
      await fetchFiles(http, state, folder, options);
      const file = state.files.find(({ name }) => name === manifestName(format));
      if (file === undefined)
        throw new AppError("corrupt", `${http.url} returned an export without its manifest`);
      const manifest: ExportManifest = JSON.parse(await readFile(partPath(folder, file), "utf8"));
      const known = new Set(state.files.map(({ name }) => name));
      const lacking = manifest.files.find(({ name }) => !known.has(name));
      if (lacking !== undefined)
        throw new AppError(
          "corrupt",
          `${http.url} returned an export without ${lacking.name}, which its manifest names`,
        );
      return { state, manifest };
    } catch (error) {
      // A server that was started again has forgotten it; what came of its files is still good.
      const forgotten = error instanceof AppError && error.details?.export_id !== undefined;
      if (!forgotten || beginning >= BEGINNINGS) throw error;
      await rm(join(folder, STATE), { force: true });
    }
  }
}

/** Throws `corrupt` where files would not each get a place of their own in an output of that layout. */
function checkFiles(url: string, files: readonly ResultFile[], format: ExportFormat): void {
  const data = files.filter(({ name }) => name !== manifestName(format));
  const isOne = format.layout === "folder" || data.length === 1;
  const problem =
    namesProblem(files.map(({ name }) => name)) ?? (isOne ? undefined : "there is more than one file");
  if (problem !== undefined) throw new AppError("corrupt", `${url} returned an export of which ${problem}`);
}

const STATE = "export.json";
const PART = ".part";
const BegunSchema = v.object({ url: v.string(), request: v.string(), export_id: v.string() });

/** The export that an earlier call began for the same request, else a new one. */
async function beginOrResume(http: RemoteHttp, request: RemoteExportInput, folder: string): Promise<string> {
  const statePath = join(folder, STATE);
  const wanted = { url: http.url, request: JSON.stringify(request) };
  const text = await readFile(statePath, "utf8").catch(() => "");
  const begun = checkValue(v.pipe(v.string(), v.parseJson(), BegunSchema), text);
  if (begun.success && begun.output.url === wanted.url && begun.output.request === wanted.request) {
    return begun.output.export_id;
  }
  const { id } = await startOperation(http, EXPORT, request);
  await mkdir(folder, { recursive: true });
  await writeFile(statePath, JSON.stringify({ ...wanted, export_id: id }));
  return id;
}

async function fetchFiles(
  http: RemoteHttp,
  { id, files }: OperationState,
  folder: string,
  { signal, onBytes, stallMs = STALL_MS }: RemoteDownload,
): Promise<void> {
  // Equal files are one part.
  const parts = [...new Map(files.map((file) => [file.sha256, file])).values()];
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  await mapConcurrent(parts, FILES_IN_FLIGHT, (file) => {
    let counted = 0;
    return fetchPart(http, {
      path: `/exports/${id}/files/${file.name.split("/").map(encodeURIComponent).join("/")}`,
      file,
      part: partPath(folder, file),
      signal,
      stallMs,
      onBytes: (bytes) => {
        done += bytes - counted;
        counted = bytes;
        onBytes?.(done, total);
      },
    });
  });
}

/** Named by its content, so that a part is of use whatever export it came from. */
function partPath(folder: string, { sha256 }: ResultFile): string {
  return join(folder, `${sha256}${PART}`);
}

/** Gives the files their names and their place, and the manifest the name of a single file. Gives the data files. */
async function settle(
  place: OutputPlace,
  folder: string,
  format: ExportFormat,
  { state, manifest }: FetchedExport,
): Promise<string[]> {
  const nameOf = (name: string) => (format.layout === "file" ? place.fileName : name);
  const named = manifest.files.map((file) => ({ ...file, name: nameOf(file.name) }));
  const files = state.files.filter(({ name }) => name !== manifestName(format));
  const left = new Map<string, number>();
  for (const { sha256 } of files) left.set(sha256, (left.get(sha256) ?? 0) + 1);
  await place.make();
  try {
    for (const file of files) {
      const [part, target] = [partPath(folder, file), join(place.temp, nameOf(file.name))];
      await mkdir(dirname(target), { recursive: true });
      const others = (left.get(file.sha256) ?? 1) - 1;
      left.set(file.sha256, others);
      await (others > 0 ? copyFile(part, target) : moveToFree(part, target));
    }
    await place.settle(`${JSON.stringify({ ...manifest, files: named }, null, 2)}\n`);
  } catch (error) {
    await place.discard();
    throw error;
  }
  return named.map(({ name }) => name);
}
