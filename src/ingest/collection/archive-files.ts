import { Database } from "bun:sqlite";
import { rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { AppError } from "../../errors.ts";
import type { InputEntry } from "../input.ts";
import { type Archive, openArchive, type ZipEntry } from "../zip/archive.ts";
import { type FileSection, isSection } from "../zip/joined-file.ts";
import { createOpenFiles } from "../zip/open-files.ts";
import { entrySection, readEntry, readEntryHead, writeEntry } from "../zip/read-entry.ts";
import type { ZipPart } from "../zip/zip-parts.ts";

/** The files in the zips of an input, by their paths in it: on disk, for there may be a million. */
export interface ArchiveFiles {
  /** Opens a zip and gives its files, which are known from then on below `folder`. Throws as `openArchive` does. */
  add(path: string, parts: readonly ZipPart[], folder: string): AsyncGenerator<FoundEntry[]>;
  find(path: string): InputEntry | undefined;
  readonly sizeBytes: number;
  readonly count: number;
}

export interface FoundEntry {
  path: string;
  sizeBytes: number;
  readHead(count: number): Promise<Uint8Array>;
  /** Where its bytes are, if they are stored as they are. Throws as `entrySection` does. */
  place(): Promise<FileSection>;
}

interface Row extends Omit<ZipEntry, "name"> {
  path: string;
  zip: number;
  name: string;
}

const BATCH = 1000;

export interface ArchiveFilesOptions {
  /** An existing folder on local disk. */
  scratch: string;
  onClose(work: () => Promise<void> | void): void;
}

export function createArchiveFiles({ scratch, onClose }: ArchiveFilesOptions): ArchiveFiles {
  const archives: Archive[] = [];
  const open = createOpenFiles();
  let index: ReturnType<typeof openIndex> | undefined;
  let sizeBytes = 0;
  onClose(async () => {
    index?.close();
    await open.close();
  });
  /** One large entry is in scratch at a time. */
  let last: Promise<unknown> = Promise.resolve();
  let files = 0;
  const unpack = <T>(archive: Archive, entry: ZipEntry, use: (path: string) => Promise<T>): Promise<T> => {
    const work = async () => {
      const path = join(scratch, `entry-${files++}${extname(entry.name).slice(0, 16)}`);
      try {
        await writeEntry(archive, entry, path).catch((error) => Promise.reject(asFull(error, scratch)));
        return await use(path);
      } finally {
        await rm(path, { force: true });
      }
    };
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
  return {
    async *add(path, parts, folder) {
      const archive = await openArchive(
        path,
        parts.map(({ local }) => local),
        open,
      );
      archives.push(archive);
      // A zip in another is a part of that one.
      if (!parts.some(({ local }) => isSection(local))) sizeBytes += archive.sizeBytes;
      index ??= openIndex(join(scratch, `entries-${crypto.randomUUID()}.sqlite`));
      const zip = archives.length - 1;
      let batch: Row[] = [];
      const take = () => {
        const rows = batch;
        batch = [];
        try {
          index?.insert(rows);
        } catch (error) {
          throw asFull(error, scratch);
        }
        return rows.map(
          (row): FoundEntry => ({
            path: row.path,
            sizeBytes: row.sizeBytes,
            readHead: (count) => readEntryHead(archive, row, count),
            place: () => entrySection(archive, row),
          }),
        );
      };
      for await (const entry of archive.list()) {
        batch.push({ ...entry, path: `${folder}${entry.name}`, zip });
        if (batch.length >= BATCH) yield take();
      }
      yield take();
    },
    find(path) {
      const row = index?.find(path.normalize("NFC").replace(/^\.\//, ""));
      const archive = row && archives[row.zip];
      if (row === undefined || archive === undefined) return undefined;
      return {
        sizeBytes: row.sizeBytes,
        bytes: () => readEntry(archive, row),
        asFile: (use) => unpack(archive, row, use),
      };
    },
    get sizeBytes() {
      return sizeBytes;
    },
    get count() {
      return archives.length;
    },
  };
}

/** A full disk, of which neither SQLite nor a stream says where it is. */
function asFull(error: unknown, scratch: string): unknown {
  const code = (error as { code?: string }).code ?? "";
  if (!["SQLITE_FULL", "ENOSPC", "EDQUOT"].includes(code)) return error;
  return new AppError(
    "no_space",
    `no space is left in the scratch folder ${scratch}; free some, or name another with DATALAKE_SCRATCH`,
    { details: { errno: "ENOSPC", path: scratch }, cause: error },
  );
}

function openIndex(path: string) {
  const database = new Database(path, { create: true });
  // Gone with the upload: nothing of it must outlive a crash.
  database.run("PRAGMA journal_mode = OFF");
  database.run("PRAGMA synchronous = OFF");
  // Nobody else opens it: otherwise each look-up takes and gives back its locks.
  database.run("PRAGMA locking_mode = EXCLUSIVE");
  database.run(`CREATE TABLE entries (path TEXT PRIMARY KEY, zip INTEGER NOT NULL, name TEXT NOT NULL,
    headerBegin INTEGER NOT NULL, packedBytes INTEGER NOT NULL, sizeBytes INTEGER NOT NULL, method INTEGER NOT NULL,
    flags INTEGER NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID`);
  // Paths that come twice are refused when all are known.
  const insert = database.query("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const insertAll = database.transaction((rows: readonly Row[]) => {
    for (const row of rows) {
      insert.run(
        ...[row.path, row.zip, row.name, row.headerBegin, row.packedBytes, row.sizeBytes],
        ...[row.method, row.flags, row.crc32],
      );
    }
  });
  const find = database.query<Row, string>("SELECT * FROM entries WHERE path = ?");
  return {
    insert: (rows: readonly Row[]) => insertAll(rows),
    find: (path: string) => find.get(path) ?? undefined,
    close: () => database.close(),
  };
}
