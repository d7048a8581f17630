import { copyFile, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { encrypted, noPasswordOpens, tooLarge } from "../../documents/reasons.ts";
import { AppError } from "../../errors.ts";
import { openByteSource } from "../../images/tiff-source.ts";
import { quoteName } from "../../query/sql.ts";
import { chunksOf, streamResult } from "../../query/stream-result.ts";
import { MAX_DOCUMENT_BYTES } from "../../schema/pages.ts";
import { isPdfName, isTiffHead, isTiffName, readHead } from "../file-kinds.ts";
import { EntryProblem, type InputContext } from "../input.ts";
import { findLocalFile } from "../local-paths.ts";
import { countTiffPages } from "../paged-tiffs.ts";
import type { FoundFiles } from "./found-files.ts";

export interface DescribedDocuments {
  /** Table of the database: `path`, `pages` (0: the file is the image; NULL: it cannot be opened), `reason`. */
  table: string;
  pdfs: { files: number; pages: number };
  /** Of several pages. */
  tiffs: { files: number; pages: number };
  /** Paths of those that no given password opens. */
  locked: string[];
  notices: string[];
}

/** Counts the pages of all documents, one after another. */
export async function describeDocuments(
  found: FoundFiles,
  folder: string,
  context: InputContext,
): Promise<DescribedDocuments> {
  const { database, signal, documents, passwords = [] } = context;
  const table = `${found.table}_documents`;
  await database.run(`CREATE TABLE ${quoteName(table)} (path VARCHAR, pages INTEGER, reason VARCHAR)`);
  const described: DescribedDocuments = {
    table,
    pdfs: { files: 0, pages: 0 },
    tiffs: { files: 0, pages: 0 },
    locked: [],
    notices: [],
  };
  if (found.count("document") === 0) return described;
  const describe = async (path: string, file: string): Promise<Described & { isTiff: boolean }> => {
    const isTiff = isTiffName(path) || (!isPdfName(path) && isTiffHead(await readHead(file)));
    const facts = isTiff ? await describeTiff(file) : await documents.describe(file, { passwords });
    return { ...facts, isTiff };
  };
  const appender = await database.connection.createAppender(table);
  const connection = await database.instance.connect();
  try {
    const paths = await streamResult(
      connection,
      `SELECT path FROM ${quoteName(found.table)} WHERE kind = 'document' ORDER BY given, string_split(path, '/')`,
    );
    for await (const chunk of chunksOf(paths)) {
      for (const [path] of chunk.getRows() as [string][]) {
        signal?.throwIfAborted();
        const facts = await withFileOf(found, folder, path, {
          scratch: context.scratch,
          use: (file) => describe(path, file),
        }).catch((error) => ({ ...reasonOf(error), isTiff: isTiffName(path) }));
        const counts = facts.isTiff ? described.tiffs : described.pdfs;
        if (counts === described.pdfs || ("pages" in facts && facts.pages > 0)) counts.files++;
        appender.appendVarchar(path);
        if ("reason" in facts) {
          appender.appendNull();
          appender.appendVarchar(facts.reason);
          if (LOCKED.includes(facts.reason)) described.locked.push(path);
        } else {
          appender.appendInteger(facts.pages);
          appender.appendNull();
          counts.pages += facts.pages;
          described.notices.push(...facts.notices.map((notice) => `${path}: ${notice}`));
        }
        appender.endRow();
      }
    }
  } finally {
    connection.closeSync();
  }
  appender.closeSync();
  return described;
}

const LOCKED = [encrypted().message, noPasswordOpens().message];

interface Described {
  pages: number;
  notices: readonly string[];
}

/** No pages for one that is a single image, or damaged: what is wrong is said where images are processed. */
async function describeTiff(path: string): Promise<Described> {
  const source = openByteSource(path);
  try {
    if (source.size > MAX_DOCUMENT_BYTES) throw tooLarge(source.size, MAX_DOCUMENT_BYTES, "TIFF");
    const { count, isWhole } = countTiffPages(source);
    const isCut = count > 0 && !isWhole;
    const notices = isCut ? [`damaged behind page ${count}: pages that follow there are missing`] : [];
    return { pages: count > 1 ? count : 0, notices };
  } finally {
    source.close();
  }
}

/** Gives a file of the input as one on the disk with a name in UTF-8: one of a zip, or of another name, is in scratch meanwhile. */
async function withFileOf<T>(
  { archives }: FoundFiles,
  folder: string,
  path: string,
  { scratch, use }: { scratch: string; use: (path: string) => Promise<T> },
): Promise<T> {
  const entry = archives.find(path);
  if (entry !== undefined) return entry.asFile(use);
  const local = await findLocalFile(path, [folder]);
  if (local === undefined) throw new EntryProblem(`the file ${path} does not exist`);
  if (typeof local.path === "string") return use(local.path);
  const copy = join(scratch, `document${extname(path).slice(0, 16)}`);
  try {
    await copyFile(local.path, copy);
    return await use(copy);
  } finally {
    await rm(copy, { force: true });
  }
}

/** A document that cannot be opened is one reject. */
function reasonOf(error: unknown): { reason: string } {
  if (error instanceof EntryProblem) return { reason: error.message };
  if (error instanceof AppError && error.code === "invalid_input") return { reason: error.message };
  throw error;
}
