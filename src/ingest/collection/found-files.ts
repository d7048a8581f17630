import { stat } from "node:fs/promises";
import { AppError, systemCode } from "../../errors.ts";
import { HEAD_BYTES } from "../../images/foreign.ts";
import { isMissing } from "../../lake/files.ts";
import { quoteName } from "../../query/sql.ts";
import { mapConcurrent } from "../../util/concurrent.ts";
import { type FileKind, isPdfName, isTiffHead, isTiffName, kindOf, readHead } from "../file-kinds.ts";
import { EntryProblem, type InputContext } from "../input.ts";
import { isLeftover } from "../leftovers.ts";
import type { LocalPath } from "../legacy-names.ts";
import { createSkippedFiles, type SkippedFiles } from "../skipped-files.ts";
import { METADATA_FILE, tableOfName } from "../table-readers.ts";
import { type WalkedFile, walkFiles } from "../walk.ts";
import { isZipName, siblingParts, wholeOf } from "../zip/zip-parts.ts";
import { type ArchiveFiles, createArchiveFiles, type FoundEntry } from "./archive-files.ts";
import { createContainer } from "./container.ts";
import { createZipList, type FoundZip } from "./found-zips.ts";

/** What is given: a file, or a folder with all that is in it. `path` is relative to the input's folder; empty for it. */
export interface Given {
  path: string;
  local: LocalPath;
  isFolder: boolean;
  /** A zip by its content, whatever it is called. */
  isZip?: boolean;
}

/** Where a collection is. */
export interface CollectionPlace {
  /** As given, for messages. */
  path: string;
  /** Paths of files start here. */
  folder: string;
}

/** What a file of a collection is for. */
export type FoundKind = "image" | "document" | "json" | "metadata" | "table";

/** All files that were found. */
export interface FoundFiles {
  /** Table of the database: `given` (its position among those), `path`, `kind`, `size`, `zip` and how many folders its name is, `zip_depth` (NULL: a local file). */
  table: string;
  archives: ArchiveFiles;
  leftOut: SkippedFiles;
  count(kind: FoundKind): number;
  /** Of local files; zips by themselves. */
  sizeBytes: number;
  fileCount: number;
}

interface Candidate {
  path: string;
  given: number;
  /** Its number, and how many folders its name is. */
  zip: { at: number; depth: number } | null;
  kind(): Promise<FoundKind | Exclude<FileKind, "image">>;
  sizeBytes(): Promise<number>;
}

const AT_ONCE = 32;
const BATCH = 1024;

/** Looks through all that is given, and into zips. Throws `invalid_input` for a zip that nobody should unpack. */
export async function findFiles(given: readonly Given[], context: InputContext): Promise<FoundFiles> {
  const { database, scratch, signal } = context;
  const table = `found_${crypto.randomUUID().replaceAll("-", "")}`;
  await database.run(
    `CREATE TABLE ${table} (given INTEGER, path VARCHAR, kind VARCHAR, size BIGINT, zip INTEGER, zip_depth INTEGER)`,
  );
  const leftOut = createSkippedFiles();
  const archives = createArchiveFiles({ scratch, onClose: context.onClose });
  const counts = new Map<FoundKind, number>();
  let sizeBytes = 0;
  let fileCount = 0;
  const appender = await database.connection.createAppender(table);
  const take = async (candidates: readonly Candidate[]) => {
    signal?.throwIfAborted();
    const looked = await mapConcurrent(candidates, AT_ONCE, async (candidate) => {
      const kind = await candidate.kind();
      const isTaken = typeof kind === "string" && kind !== "other";
      return { candidate, kind, size: isTaken ? await candidate.sizeBytes() : 0 };
    });
    for (const { candidate, kind, size } of looked) {
      if (typeof kind === "object" || kind === "other") {
        leftOut.add(candidate.path, kind);
        continue;
      }
      appender.appendInteger(candidate.given);
      appender.appendVarchar(candidate.path);
      appender.appendVarchar(kind);
      appender.appendBigInt(BigInt(size));
      for (const fact of ["at", "depth"] as const) {
        if (candidate.zip === null) appender.appendNull();
        else appender.appendInteger(candidate.zip[fact]);
      }
      appender.endRow();
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (candidate.zip === null) {
        sizeBytes += size;
        fileCount++;
      }
    }
  };
  const zips = await takeLocal(given, take, leftOut, context);
  const isOnly = zips.length === 1 && fileCount === 0 && given.length === 1 && given[0]?.isFolder === false;
  const outer = isOnly ? zips[0] : undefined;
  const container = outer && context.packed === true ? createContainer(outer.path) : undefined;
  for (const zip of zips) {
    const folder = zip === outer ? "" : `${zip.path.replace(/\.[^./]+$/, "")}/`;
    const depth = folder.split("/").length - 1;
    for await (const entries of archives.add(zip.path, zip.parts, folder)) {
      const own = entries.filter(isOwners);
      const files = zip === outer && container ? await container.takeZips(own) : own;
      const place = { at: archives.count - 1, depth };
      await take(files.map((entry) => ofArchive(entry, zip.given, place, context)));
    }
    // read in their turn
    if (zip === outer && container) zips.push(...(await container.zips()));
  }
  appender.closeSync();
  await refuseTwice(table, zips, context);
  return {
    table,
    archives,
    leftOut,
    count: (kind) => counts.get(kind) ?? 0,
    sizeBytes: sizeBytes + archives.sizeBytes,
    fileCount: fileCount + archives.count,
  };
}

/** Takes what lies on the disk, and gives the zips there, each with its parts. */
async function takeLocal(
  given: readonly Given[],
  take: (candidates: readonly Candidate[]) => Promise<void>,
  leftOut: SkippedFiles,
  context: InputContext,
): Promise<FoundZip[]> {
  const zips = createZipList();
  let batch: Candidate[] = [];
  for (const [at, one] of given.entries()) {
    for await (const { path, local } of filesOf(one, leftOut)) {
      if (isZipName(path) || one.isZip === true) {
        zips.add({ path, local }, at);
        const whole = wholeOf(path);
        // of one part that is named all are meant
        if (whole !== undefined && !one.isFolder && typeof local === "string")
          for (const part of await siblingParts(local)) zips.add(part, at, whole);
        continue;
      }
      batch.push({
        path,
        given: at,
        zip: null,
        kind: async () => foundKind(path, context) ?? kindByContent(path, () => readHead(local), context),
        sizeBytes: () => fileSize(local),
      });
      if (batch.length < BATCH) continue;
      await take(batch);
      batch = [];
    }
  }
  await take(batch);
  return zips.ordered();
}

async function* filesOf(given: Given, leftOut: SkippedFiles): AsyncGenerator<WalkedFile> {
  if (!given.isFolder) {
    yield { path: given.path, local: given.local };
    return;
  }
  const folder = String(given.local);
  const below = given.path === "" ? "" : `${given.path}/`;
  for await (const file of walkFiles(folder, (path) => leftOut.addFolder(`${below}${path}`))) {
    yield { path: `${below}${file.path}`, local: file.local };
  }
}

/** Not what systems leave in archives. */
function isOwners({ path }: FoundEntry): boolean {
  const parts = path.split("/");
  return !parts.some((part, at) => isLeftover(part, at < parts.length - 1));
}

function ofArchive(
  entry: FoundEntry,
  given: number,
  zip: Candidate["zip"],
  context: InputContext,
): Candidate {
  const { path } = entry;
  return {
    path,
    given,
    zip,
    kind: async () => {
      if (isZipName(path)) {
        throw new AppError("unsupported_format", `${path} is a zip in a zip; unpack the outer one first`, {
          details: { path },
        });
      }
      const byName = foundKind(path, context);
      if (byName !== undefined) return byName;
      const head = () =>
        entry.readHead(HEAD_BYTES).catch((error) => {
          if (error instanceof EntryProblem) return undefined;
          throw error;
        });
      return kindByContent(path, head, context);
    },
    sizeBytes: async () => entry.sizeBytes,
  };
}

/** What a file's name alone says. */
function foundKind(path: string, { splitPages }: InputContext): FoundKind | undefined {
  if (METADATA_FILE.test(path)) return "metadata";
  if (/\.json$/i.test(path)) return "json";
  if (tableOfName(path) !== undefined) return "table";
  return isPdfName(path) || (splitPages === true && isTiffName(path)) ? "document" : undefined;
}

/** As `kindOf`; a TIFF is a document where its pages are wanted and its name does not say what it is. */
async function kindByContent(
  path: string,
  readHead: () => Promise<Uint8Array | undefined>,
  { splitPages }: InputContext,
): Promise<FoundKind | Exclude<FileKind, "image">> {
  let head: Uint8Array | undefined;
  const kind = await kindOf(path, async () => (head = await readHead()));
  const isDocument = typeof kind === "object" ? kind.name === "PDF" : splitPages === true && isTiffHead(head);
  return isDocument ? "document" : kind;
}

/** Zero for a link that leads nowhere: its row says so later. */
async function fileSize(path: LocalPath): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error) || systemCode(error) === "ELOOP") return 0;
    throw error;
  }
}

/**
 * Two files of one path would be one: in a zip also where names differ in case or in their Unicode form alone, for so
 * nobody can unpack it.
 */
async function refuseTwice(
  table: string,
  zips: readonly FoundZip[],
  { database }: InputContext,
): Promise<void> {
  if (zips.length === 0) return;
  const [twice] = await database.rows<{ zip: number | null; path: string; other: string }>(
    `SELECT min(zip) AS zip, min(path) AS path, max(path) AS other FROM ${quoteName(table)}
     GROUP BY CASE WHEN zip IS NULL THEN path ELSE lower(path) END, zip HAVING count(*) > 1
     UNION ALL SELECT min(zip), path, path FROM ${quoteName(table)}
     GROUP BY path HAVING count(*) > 1 LIMIT 1`,
  );
  if (twice === undefined) return;
  const zip = twice.zip === null ? undefined : zips[twice.zip]?.path;
  const where = zip === undefined ? "" : `${zip}: `;
  const { path, other } = twice;
  const named = path === other ? path : `${path} and ${other}, the same but for upper and lower case`;
  throw new AppError("invalid_input", `${where}two entries are named ${named}; rename one of them`, {
    details: { path },
  });
}
