import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import type { ExportManifest, ExportRequest, ExportResult } from "../../export/export.ts";
import { describeFault, type OutputPlace, planOutput } from "../../export/output-place.ts";
import { moveToFree } from "../../lake/replace.ts";
import { EXPORT } from "../../operations/export/operation.ts";
import { checkValue, parseValue } from "../../schema/check.ts";
import type { RemoteExportInput } from "../../schema/export.ts";
import { failureError } from "../../schema/failure.ts";
import type { OperationState, ResultFile } from "../../schema/operation.ts";
import type { EngineName } from "../../schema/query.ts";
import { mapConcurrent } from "../../util/concurrent.ts";
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
const MANIFEST = "manifest.json";

/**
 * Has the server put the rows together and fetches the files, checked by their SHA-256; they get their place when
 * all are there. What has come is kept beside the output when it breaks off: the same call continues from there.
 * The output is that of a local download, byte for byte. Throws `usage` for images as references, `conflict`,
 * `not_found`, `no_space`, `corrupt`, `server_unreachable`, `cancelled`.
 */
export async function downloadFrom(
  { query, output, format, images, skipMissing }: ExportRequest,
  options: RemoteDownload,
): Promise<ExportResult> {
  if (images === "reference") {
    throw new AppError(
      "usage",
      "--images reference gives paths into the lake, which must be mounted here: use --lake DIR instead of the server, or --images embed",
    );
  }
  const place = planOutput(undefined, output, format);
  await place.assertFree();
  const request = { ...query, engine: options.engine, format, images, skip_missing: skipMissing };
  const path = resolve(output);
  const folder = join(dirname(path), `.${basename(path)}.download`);
  const http = connectHttp(options.url, options.token);
  try {
    const { state, manifest } = await fetchExport(http, request, folder, options);
    const files = await settle(place, folder, state.files, manifest);
    await http.send("DELETE", `/exports/${state.id}`, { timeoutMs: 5000 }).catch(() => {}); // it expires
    await rm(folder, { recursive: true, force: true });
    const { rows, bytes, missing } = parseValue(EXPORT.result, state.result);
    return { output: place.output, format, images, rows, bytes, missing, files };
  } catch (error) {
    const away = error instanceof AppError && error.code === "server_unreachable";
    if (!away && !(await hasParts(folder))) await rm(folder, { recursive: true, force: true });
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
  request: RemoteExportInput,
  folder: string,
  options: RemoteDownload,
): Promise<FetchedExport> {
  for (let beginning = 1; ; beginning++) {
    try {
      const id = await beginOrResume(http, request, folder, options.signal);
      const { signal, onRows } = options;
      const onProgress: RunOptions<typeof EXPORT>["onProgress"] = (rows) =>
        onRows?.(rows.rows_done, rows.rows_total);
      const state = await followOperation(http, EXPORT, id, { signal, onProgress });
      if (state.error !== undefined) {
        await rm(join(folder, STATE), { force: true });
        throw failureError(state.error);
      }
      await fetchFiles(http, state, folder, options);
      const file = state.files.find(({ name }) => name === MANIFEST);
      if (file === undefined)
        throw new AppError("corrupt", `${http.url} returned an export without its manifest`);
      return { state, manifest: JSON.parse(await readFile(partPath(folder, file), "utf8")) };
    } catch (error) {
      // A server that was started again has forgotten it; what came of its files is still good.
      const forgotten = error instanceof AppError && error.details?.export_id !== undefined;
      if (!forgotten || beginning >= BEGINNINGS) throw error;
      await rm(join(folder, STATE), { force: true });
    }
  }
}

const STATE = "export.json";
const PART = ".part";
const BegunSchema = v.object({ url: v.string(), request: v.string(), export_id: v.string() });

/** The export that an earlier call began for the same request, else a new one. */
async function beginOrResume(
  http: RemoteHttp,
  request: RemoteExportInput,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const statePath = join(folder, STATE);
  const wanted = { url: http.url, request: JSON.stringify(request) };
  const text = await readFile(statePath, "utf8").catch(() => "");
  const begun = checkValue(v.pipe(v.string(), v.parseJson(), BegunSchema), text);
  if (begun.success && begun.output.url === wanted.url && begun.output.request === wanted.request) {
    return begun.output.export_id;
  }
  const { id } = await startOperation(http, EXPORT, request, signal);
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
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const done = new Map<string, number>();
  // Equal files are one part.
  const parts = [...new Map(files.map((file) => [file.sha256, file])).values()];
  await mapConcurrent(parts, FILES_IN_FLIGHT, (file) =>
    fetchPart(http, {
      path: `/exports/${id}/files/${encodeURIComponent(file.name)}`,
      file,
      part: partPath(folder, file),
      signal,
      stallMs,
      onBytes: (bytes) => {
        done.set(file.sha256, bytes);
        onBytes?.(
          [...done.values()].reduce((sum, one) => sum + one, 0),
          total,
        );
      },
    }),
  );
}

/** Named by its content, so that a part is of use whatever export it came from. */
function partPath(folder: string, { sha256 }: ResultFile): string {
  return join(folder, `${sha256}${PART}`);
}

/** Gives the files their names and their place, and the manifest the name of a single file. Gives the data files. */
async function settle(
  place: OutputPlace,
  folder: string,
  files: readonly ResultFile[],
  manifest: ExportManifest,
): Promise<string[]> {
  const isSingle = manifest.output_format !== "dataset";
  const named = manifest.files.map((file) => (isSingle ? { ...file, name: place.fileName } : file));
  await place.make();
  try {
    for (const file of files) {
      if (file.name === MANIFEST) continue;
      const name = isSingle ? place.fileName : basename(file.name);
      await moveToFree(partPath(folder, file), join(place.temp, name));
    }
    await place.settle(`${JSON.stringify({ ...manifest, files: named }, null, 2)}\n`);
  } catch (error) {
    await place.discard();
    throw error;
  }
  return named.map(({ name }) => name);
}
