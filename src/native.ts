/**
 * The one place for native libraries. In development the packages in node_modules load theirs as usual. In the
 * executable the build puts `loadEmbedded` in the place of their loaders (.ci/build/plugin.ts): the files lie inside
 * the executable, and the system's loader wants them on a disk, so they are unpacked once into a cache folder named
 * by their content. Nothing here runs before DuckDB or sharp is first imported: `--version` pays nothing.
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import openJpegWasmFile from "@cornerstonejs/codec-openjpeg/decodewasm" with { type: "file" };
import pdfiumWasmFile from "@embedpdf/pdfium/pdfium.wasm" with { type: "file" };
import libheifWasmFile from "libheif-js/libheif-wasm/libheif.wasm" with { type: "file" };
import parquetWasmFile from "parquet-wasm/esm/parquet_wasm_bg.wasm" with { type: "file" };
import { AppError, systemCode } from "./errors.ts";

/** A native library as the build embeds it. */
export interface EmbeddedLibrary {
  /** `duckdb`, `sharp`. */
  name: string;
  /** Hex digest over names and bytes of all files: a new one means a new folder. */
  digest: string;
  /** The file to load, one of `files`; the others stand where its RPATH looks for them. */
  entry: string;
  files: { path: string; source: string; sizeBytes: number }[];
}

interface CacheFolder {
  path: string;
  /** Named by the user's setting: taken as it is, and the only candidate. */
  chosen: boolean;
}

/** Unpacks the library when no earlier start has, loads it, and gives what it exports. Throws when no folder works. */
export function loadEmbedded(library: EmbeddedLibrary): unknown {
  const failures: { folder: string; cause: unknown }[] = [];
  for (const folder of cacheFolders()) {
    try {
      const unpacked = unpack(library, folder);
      return dlopen(join(unpacked, library.entry));
    } catch (cause) {
      if (!isFolderFault(cause)) throw new AppError("internal", loadFailure(library, cause), { cause });
      failures.push({ folder: folder.path, cause });
    }
  }
  const tried = failures.map(({ folder, cause }) => `${folder}: ${describeFault(cause)}`).join("; ");
  const megabytes = Math.ceil(library.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6);
  const full = failures.some(({ cause }) => systemCode(cause) === "ENOSPC");
  throw new AppError(
    full ? "no_space" : "permission_denied",
    `cannot unpack the native library ${library.name} (${tried}); set DATALAKE_CACHE to a writable folder with ${megabytes} MB free on a file system that is not mounted noexec`,
    { cause: failures.at(-1)?.cause },
  );
}

const CACHE_SETTING = "datalake.cache";

/**
 * Makes the setting `cache` known here and in the worker threads started later (a thread does not see what its parent
 * changed in `process.env`). A child process must be told by itself. Call it before DuckDB or sharp is imported.
 */
export function useNativeCache(folder: string): void {
  setEnvironmentData(CACHE_SETTING, resolve(folder));
}

/** What a child process with an environment of its own must be given to find the same libraries. */
export function nativeEnvironment(): Record<string, string> {
  const { XDG_CACHE_HOME, HOME, TMPDIR, DATALAKE_CACHE, DATALAKE_LIBHEIF, LD_LIBRARY_PATH } = process.env;
  const chosen = getEnvironmentData(CACHE_SETTING) ?? DATALAKE_CACHE;
  const found = { XDG_CACHE_HOME, HOME, TMPDIR, LD_LIBRARY_PATH, DATALAKE_LIBHEIF, DATALAKE_CACHE: chosen };
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

let parquetWasm: Promise<typeof import("parquet-wasm/esm")> | undefined;

/** parquet-wasm, initialized from the embedded `.wasm` (its own loader looks for a path of the build machine). */
export function loadParquetWasm(): Promise<typeof import("parquet-wasm/esm")> {
  parquetWasm ??= import("parquet-wasm/esm").then(async (module) => {
    await module.default({ module_or_path: await Bun.file(parquetWasmFile).arrayBuffer() });
    return module;
  });
  return parquetWasm;
}

/** PDFium, compiled from the embedded `.wasm` (its own loader would fetch it from the network). */
export async function compilePdfium(): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await Bun.file(pdfiumWasmFile).arrayBuffer());
}

/** Of emscripten: makes a library of its WebAssembly. */
type Factory = (options: { wasmBinary: ArrayBuffer; print(): void; printErr(): void }) => Promise<unknown>;

/** OpenJPEG's decoder, as its package gives it. */
export async function loadOpenJpeg(): Promise<unknown> {
  const { default: factory } = await import("@cornerstonejs/codec-openjpeg/decodewasmjs");
  return startLibrary(factory as Factory, openJpegWasmFile);
}

/** Stamped by the build. */
declare const DATALAKE_HEIC: boolean | undefined;

/** Whether libheif is in this program: HEVC is patented in places, so a build may leave it out. */
export const hasHeic = typeof DATALAKE_HEIC !== "boolean" || DATALAKE_HEIC;

/**
 * libheif, as its package gives it. Its licence, the LGPL, lets everybody put another in its place: `DATALAKE_LIBHEIF`
 * names a folder with `libheif.js` and `libheif.wasm`.
 */
export async function loadLibheif(): Promise<unknown> {
  const { DATALAKE_LIBHEIF: other } = process.env;
  if (other) {
    const script = join(resolve(other), "libheif.js");
    if (!statSync(script, { throwIfNoEntry: false })?.isFile())
      throw new AppError("invalid_config", `DATALAKE_LIBHEIF names ${other}, which has no libheif.js`);
    const { default: factory } = await import(script);
    return startLibrary(factory as Factory, join(other, "libheif.wasm"));
  }
  const { default: factory } = await import("libheif-js/libheif-wasm/libheif.js");
  return startLibrary(factory as unknown as Factory, libheifWasmFile);
}

declare const DATALAKE_LANCE: boolean | undefined;

/** Whether this program may write Lance: its library is as large as all the rest, so a build has it when asked to. */
export const hasLance = typeof DATALAKE_LANCE !== "boolean" || DATALAKE_LANCE;

/** What to say and do where it may not. */
export const NO_LANCE =
  "this build of datalake does not write lance; make one with bun run build --lance, or choose --format parquet";

/** LanceDB's native module. Throws `usage` where it is not in this program, or not installed. */
export function loadLance(): unknown {
  if (!hasLance) throw new AppError("usage", NO_LANCE);
  try {
    // Bun imports no Node-API modules; in the executable it is a module that unpacks the library.
    const found = require("@lancedb/lancedb-linux-x64-gnu") as { default?: unknown };
    return found.default ?? found;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      "usage",
      "lance needs the package @lancedb/lancedb-linux-x64-gnu, which is not installed",
      { cause },
    );
  }
}

async function startLibrary(factory: Factory, wasmFile: string): Promise<unknown> {
  const wasmBinary = await Bun.file(wasmFile).arrayBuffer();
  return factory({ wasmBinary, print: () => {}, printErr: () => {} });
}

function cacheFolders(): CacheFolder[] {
  const { DATALAKE_CACHE, XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  const chosen = getEnvironmentData(CACHE_SETTING) ?? DATALAKE_CACHE;
  if (typeof chosen === "string" && chosen !== "") return [{ path: resolve(chosen), chosen: true }];
  const user = process.getuid?.() ?? 0;
  const paths: string[] = [];
  if (xdg) paths.push(join(xdg, "datalake"));
  else if (home) paths.push(join(home, ".cache", "datalake"));
  for (const temp of ["/var/tmp", tmpdir(), "/tmp"]) paths.push(join(temp, `datalake-${user}`));
  return [...new Set(paths)].map((path) => ({ path, chosen: false }));
}

/** The folder that holds the library's files, complete. Two first starts at the same time are safe: rename decides. */
function unpack(library: EmbeddedLibrary, cache: CacheFolder): string {
  const parent = join(cache.path, "native");
  const folder = join(parent, `${library.name}-${library.digest}`);
  if (!cache.chosen) assertOwn(cache.path);
  if (isComplete(library, folder)) return folder;
  mkdirSync(cache.path, { recursive: true, mode: cache.chosen ? 0o755 : 0o700 });
  if (!cache.chosen) assertOwn(cache.path);
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  removeLeftovers(parent);
  const fresh = mkdtempSync(join(parent, ".new-"));
  try {
    chmodSync(fresh, 0o755);
    for (const file of library.files) {
      const path = join(fresh, file.path);
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      writeFileSync(path, readFileSync(file.source), { mode: 0o644, flush: true });
    }
    moveIntoPlace(library, fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

function moveIntoPlace(library: EmbeddedLibrary, fresh: string, folder: string): void {
  try {
    renameSync(fresh, folder);
  } catch (error) {
    if (isComplete(library, folder)) return;
    const inTheWay = systemCode(error) === "ENOTEMPTY" || systemCode(error) === "EEXIST";
    if (!inTheWay) throw error;
    renameSync(folder, `${fresh}-damaged`);
    rmSync(`${fresh}-damaged`, { recursive: true, force: true });
    renameSync(fresh, folder);
  }
}

/** Sizes are compared because a power cut can leave a file short. */
function isComplete(library: EmbeddedLibrary, folder: string): boolean {
  return library.files.every(({ path, sizeBytes }) => {
    const found = statSync(join(folder, path), { throwIfNoEntry: false });
    return found?.isFile() === true && found.size === sizeBytes;
  });
}

/** A folder at a guessable place must be ours: libraries that another user put there would run as us. */
function assertOwn(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined || process.getuid === undefined) return;
  if (!found.isDirectory()) throw new FolderFault("is not a folder");
  if (found.uid !== process.getuid()) throw new FolderFault("belongs to another user");
  if ((found.mode & 0o022) !== 0) throw new FolderFault("is writable by other users");
}

/** What a start that was killed while unpacking has left, once it is surely dead. */
function removeLeftovers(parent: string): void {
  const hourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    if (!name.startsWith(".new-")) continue;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && stats.mtimeMs < hourAgo) rmSync(path, { recursive: true, force: true });
  }
}

function dlopen(path: string): unknown {
  const module = { exports: {} as unknown };
  process.dlopen(module, path);
  return module.exports;
}

/** The folder cannot be used as it is; another one may do. */
class FolderFault extends Error {}

const NOEXEC = /failed to map segment|operation not permitted|permission denied/i;

function isFolderFault(error: unknown): boolean {
  if (error instanceof FolderFault || systemCode(error) === "ERR_DLOPEN_FAILED") return isNoexec(error);
  return systemCode(error) !== undefined || isNoexec(error);
}

function isNoexec(error: unknown): boolean {
  return error instanceof FolderFault || (error instanceof Error && NOEXEC.test(error.message));
}

function describeFault(error: unknown): string {
  if (error instanceof FolderFault) return error.message;
  if (isNoexec(error) && systemCode(error)?.startsWith("ERR_") !== false)
    return "no library may be loaded from there";
  return systemCode(error) ?? (error instanceof Error ? error.message : String(error));
}

function loadFailure(library: EmbeddedLibrary, cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `cannot load the native library ${library.name}: ${reason}`;
}
