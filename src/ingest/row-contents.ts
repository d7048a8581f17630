import { readFile } from "node:fs/promises";
import { throwIfCancelled } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { streamResult } from "../query/stream-result.ts";
import { MAX_DOCUMENT_BYTES, type PageSettings, pageHash } from "../schema/pages.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { formatCount, shorten } from "../util/format.ts";
import { EntryProblem, type Input, type InputEntry } from "./input.ts";
import type { LocalPath } from "./legacy-names.ts";
import { findLocalFile, isData, isRemote, sourceName } from "./local-paths.ts";
import type { ContentStager } from "./stage-contents.ts";

/** Where each row's content comes from. Expressions are SQL over `input.rows()`. */
export interface ContentSource {
  kind: "image" | "file";
  /** The column whose cells hold the bytes; they win over the path. */
  embedded: string | undefined;
  /** Expression of the path of a local file, or of the path beside embedded bytes. */
  path: string | undefined;
  /** Expression of the page, from 1, of the document that the path names; undefined where no row is one. */
  page?: string | undefined;
  /** Expression of a file whose text is included beside an image (raw variant mixed). */
  textPath: string | undefined;
  /** Expression of a name that wins over the path as `source_name`. */
  name: string | undefined;
}

/** What became of one row's content; `reject` says why the row cannot be taken. */
export interface RowContent {
  sourceHash: string | null;
  sourceName: string | null;
  /** SHA-256 of the document that the row is a page of. */
  document: string | null;
  text: string | null;
  reject: string | null;
}

export interface RowContentsOptions {
  database: Database;
  input: Input;
  source: ContentSource;
  stager: ContentStager;
  /** Where relative paths start, first wins; undefined where rows may name no files: they are another machine's. */
  folders: readonly string[] | undefined;
  maxBytes: number;
  /** How pages of documents are made, where rows may be such. */
  pages?: Pick<PageSettings, "dpi" | "font"> | undefined;
  signal?: AbortSignal;
}

export interface Cell {
  bytes: Uint8Array | null;
  path: string | null;
  page: number | null;
  textPath: string | null;
  name: string | null;
  reject: string | null;
}

export const IN_FLIGHT = 8;
const PATHS_AT_ONCE = 256;
/** Characters of a path in a reason. */
const SHOWN_CHARS = 300;
const MAX_TEXT_BYTES = 16 << 20;
export const EMPTY: RowContent = {
  sourceHash: null,
  sourceName: null,
  document: null,
  text: null,
  reject: null,
};

/** Stages the content of every row, in batches in input order; some files are read and hashed at the same time. */
export async function* stageRowContents(options: RowContentsOptions): AsyncGenerator<RowContent[]> {
  const { pages } = options;
  const stageDocument = rememberLast((cell: Cell) =>
    stageOwn(cell, { ...options, maxBytes: MAX_DOCUMENT_BYTES }),
  );
  const stagePage = async (cell: Cell, page: number, settings: Pick<PageSettings, "dpi" | "font">) => {
    const { sourceHash: document, sourceName, reject } = await stageDocument(cell);
    const sourceHash = document === null ? null : pageHash(document, page, settings);
    return { ...EMPTY, document, sourceHash, sourceName: `${sourceName}#page=${page}`, reject };
  };
  const stage = (cell: Cell) =>
    cell.page !== null && cell.reject === null && pages !== undefined
      ? stagePage(cell, cell.page, pages)
      : stageCell(cell, options);
  for await (const cells of readCells(options)) {
    throwIfCancelled(options.signal);
    yield await mapConcurrent(cells, IN_FLIGHT, stage);
  }
}

/** The pages of a document follow each other: it is staged once. */
function rememberLast<T>(stage: (cell: Cell) => Promise<T>): (cell: Cell) => Promise<T> {
  let last: { path: string | null; staged: Promise<T> } | undefined;
  return (cell) => {
    if (last?.path !== cell.path) last = { path: cell.path, staged: stage(cell) };
    return last.staged;
  };
}

async function* readCells({ database, input, source, signal }: RowContentsOptions): AsyncGenerator<Cell[]> {
  const expressions = [source.path, source.page, source.textPath, source.name, input.rejects];
  const select = expressions.map((expression) => `CAST(${expression ?? "NULL"} AS VARCHAR)`).join(", ");
  // a connection of its own: another query on the same one would end this stream
  const connection = await database.instance.connect();
  try {
    const result = await streamResult(connection, `SELECT ${select} FROM ${await input.rows(signal)}`);
    const cells = cellCursor(async () => {
      const chunk = await result.fetchChunk();
      return chunk && chunk.rowCount > 0 ? (chunk.getRows() as (string | null)[][]) : undefined;
    });
    if (source.embedded === undefined) {
      for (;;) {
        const batch = await cells.take(PATHS_AT_ONCE);
        if (batch.length === 0) return;
        yield batch;
      }
    }
    for await (const blobs of input.embedded(source.embedded, signal)) {
      const batch = await cells.take(blobs.length);
      yield batch.map((cell, at) => ({ ...cell, bytes: blobs[at] ?? null }));
    }
  } finally {
    connection.closeSync();
  }
}

function cellCursor(fetch: () => Promise<(string | null)[][] | undefined>) {
  let rows: (string | null)[][] = [];
  let at = 0;
  return {
    async take(count: number): Promise<Cell[]> {
      const taken: Cell[] = [];
      while (taken.length < count) {
        if (at === rows.length) {
          const next = await fetch();
          if (next === undefined) break;
          rows = next;
          at = 0;
        }
        const [path, page, textPath, name, reject] = rows[at++] ?? [];
        taken.push({
          bytes: null,
          path: path || null,
          page: page == null ? null : Number(page),
          textPath: textPath || null,
          name: name || null,
          reject: reject ?? null,
        });
      }
      return taken;
    },
  };
}

async function stageCell(cell: Cell, options: RowContentsOptions): Promise<RowContent> {
  if (cell.reject !== null) return { ...EMPTY, sourceName: nameOf(cell, options), reject: cell.reject };
  const content = await stageOwn(cell, options);
  if (cell.textPath === null || content.reject !== null) return content;
  return { ...content, ...(await readText(cell.textPath, options)) };
}

function nameOf({ name, path }: Cell, { input }: RowContentsOptions): string | null {
  const given = name ?? (path !== null && isData(path) ? null : path);
  return given === null ? null : sourceName(given, input.folder);
}

/** Stages the image or file of one cell; why it cannot be taken is in `reject`. */
export async function stageOwn(cell: Cell, options: RowContentsOptions): Promise<RowContent> {
  const { source, stager, maxBytes } = options;
  const named = { ...EMPTY, sourceName: nameOf(cell, options) };
  if (cell.bytes !== null && cell.bytes.length > 0) {
    if (cell.bytes.length > maxBytes) return { ...named, reject: tooLarge(cell.bytes.length, maxBytes) };
    return { ...named, sourceHash: await stager.stageBytes(cell.bytes) };
  }
  // A null is a null: the row's text is kept without.
  if (cell.path === null)
    return { ...named, reject: cell.bytes === null ? null : `the ${source.kind} is empty` };
  const found = await locate(cell.path, options);
  if (typeof found === "string") return { ...named, reject: found };
  if (found.sizeBytes === 0) return { ...named, reject: `the ${source.kind} is empty` };
  if (found.sizeBytes > maxBytes) return { ...named, reject: tooLarge(found.sizeBytes, maxBytes) };
  try {
    const sourceHash = "path" in found ? await stager.stageFile(found.path) : await stageEntry(found, stager);
    return { ...named, sourceHash };
  } catch (error) {
    if (error instanceof EntryProblem) return { ...named, reject: error.message };
    return { ...named, reject: unreadable(error, cell.path, found) };
  }
}

/** Entries up to this size are held in memory, several at a time; larger ones are a file of scratch, one at a time. */
const ENTRY_BYTES = 8 << 20;

function stageEntry(entry: InputEntry, stager: ContentStager): Promise<string> {
  if (entry.sizeBytes > ENTRY_BYTES) return entry.asFile((path) => stager.stageFile(path));
  return entry.bytes().then((bytes) => stager.stageBytes(bytes));
}

type Found = InputEntry | { path: LocalPath; sizeBytes: number };

/** The file that a row means, in an archive or on the disk; or why there is none. */
async function locate(
  path: string,
  { input, folders }: Pick<RowContentsOptions, "input" | "folders">,
): Promise<Found | string> {
  if (isData(path)) {
    return `a text of ${formatCount(path.length)} characters, perhaps base64, not a path; decode it into a column of bytes`;
  }
  const entry = input.openEntry?.(path);
  if (entry !== undefined) return entry;
  const shown = shorten(path, SHOWN_CHARS);
  if (folders === undefined) return `${shown} is only a name, without bytes`;
  if (isRemote(path)) return `${shown} is not a local file; download it first`;
  return (await findLocalFile(path, folders)) ?? `the file ${shown} does not exist`;
}

async function readText(path: string, options: RowContentsOptions): Promise<Partial<RowContent>> {
  const found = await locate(path, options);
  if (typeof found === "string") return { reject: found };
  if (found.sizeBytes > MAX_TEXT_BYTES) return { reject: tooLarge(found.sizeBytes, MAX_TEXT_BYTES) };
  try {
    const bytes = await ("path" in found ? readFile(found.path) : found.bytes());
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof EntryProblem) return { reject: error.message };
    if (error instanceof TypeError)
      return { reject: `${path} is not UTF-8 text, the only kind of file that may accompany an image` };
    return { reject: unreadable(error, path, found) };
  }
}

/** One unreadable file costs its row; what concerns the lake or the disk as a whole ends the upload. */
function unreadable(error: unknown, path: string, found: Found): string {
  const code = (error as NodeJS.ErrnoException).code;
  const about = (error as NodeJS.ErrnoException).path;
  if (!("path" in found)) throw error;
  const isItself = typeof found.path === "string" ? about === found.path : about !== undefined;
  if (code !== undefined && ["EACCES", "EIO", "ENOENT", "EISDIR", "ELOOP"].includes(code) && isItself) {
    return `${path} cannot be read (${code})`;
  }
  throw error;
}

function tooLarge(sizeBytes: number, maxBytes: number): string {
  return `too large: ${sizeBytes} bytes, at most ${maxBytes} are allowed`;
}
