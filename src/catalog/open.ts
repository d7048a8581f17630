import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { awaitReplaced } from "../lake/replaced.ts";
import type { Database } from "../query/database.ts";
import { attachCatalog } from "../query/duckdb/catalog-file.ts";
import { CATALOG_FORMAT } from "../query/duckdb/homes.ts";
import { hasIndex } from "../query/search-index/tables.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { type LeftOut, readLeftOut } from "./left-out.ts";
import { catalogIdentity } from "./publish.ts";
import { type RecentOf, readRecentOf } from "./recent-of.ts";
import { type CatalogHead, type KnownPartition, readHead, readKnown } from "./tables.ts";

/** What the published catalog says of itself. */
export interface PublishedCatalog {
  head: CatalogHead;
  partitions: KnownPartition[];
  leftOut: LeftOut[];
  /** Whether it has an index for text search. */
  hasIndex: boolean;
  /** Of the content that was read: the attempt that built it, whatever a mount says of the file. */
  identity: string;
  /** Where some of its rows are in the small file: what of the other they belong to. */
  recent: RecentOf | undefined;
}

/**
 * Reads the published catalog's own tables, as they are with recent rows; undefined when there is none. Throws `corrupt`
 * when it cannot be opened or is of another format.
 */
export function readPublished(database: Database, lake: Lake): Promise<PublishedCatalog | undefined> {
  return read(database, lake, withPublished);
}

/** The same of the large file alone. */
export function readWhole(database: Database, lake: Lake): Promise<PublishedCatalog | undefined> {
  return read(database, lake, withWhole);
}

async function read(
  database: Database,
  lake: Lake,
  open: typeof withPublished,
): Promise<PublishedCatalog | undefined> {
  const file = await catalogIdentity(lake);
  if (file === undefined) return undefined;
  return open(database, lake, "published", async () => {
    const head = await requireHead(database, lake, "published");
    return {
      head,
      partitions: await readKnown(database, "published"),
      leftOut: await readLeftOut(database, "published"),
      hasIndex: await hasIndex(database, "published"),
      identity: head.attempt ?? file,
      recent: await readRecentOf(database, "published"),
    };
  });
}

/** The attempt that built the file which a fresh look finds at this place; undefined where none can be read. */
export async function attemptOf(database: Database, path: string): Promise<string | undefined> {
  try {
    const head = await withFile(database, path, "proof", () => readHead(database, "proof"));
    return head?.attempt ?? undefined;
  } catch {
    return undefined;
  }
}

/** The oldest format whose list of partitions is read. */
const OLDEST_FORMAT = 2;

/**
 * The table `lake` of the catalog attached as `name`; throws `corrupt` when it is of another format, or of none whose
 * list of partitions can be read where that is all that is needed (`listed`).
 */
export async function requireHead(
  database: Database,
  lake: Lake,
  name: string,
  listed = false,
): Promise<CatalogHead> {
  const head = await readHead(database, name).catch(() => undefined); // a database of something else
  const oldest = listed ? OLDEST_FORMAT : CATALOG_FORMAT;
  if (head && head.format >= oldest && head.format <= CATALOG_FORMAT) return head;
  throw new AppError(
    "corrupt",
    `${lake.layout.catalogFile} has format ${head?.format} and not ${CATALOG_FORMAT}; run \`datalake catalog rebuild\``,
    { details: { path: lake.layout.catalogFile } },
  );
}

/**
 * Attaches the published catalog read-only as `name`, with recent rows, while `use` runs. Throws `corrupt` when it cannot
 * be opened.
 */
export async function withPublished<T>(
  database: Database,
  lake: Lake,
  name: string,
  use: () => Promise<T>,
): Promise<T> {
  const { catalogFile } = lake.layout;
  const detach = await attachCatalog(database, catalogFile, name).catch((cause) => {
    throw cause instanceof AppError ? cause : notOpened(catalogFile, cause);
  });
  try {
    return await use();
  } finally {
    await detach();
  }
}

/** The same of the large file alone. */
export function withWhole<T>(
  database: Database,
  lake: Lake,
  name: string,
  use: () => Promise<T>,
): Promise<T> {
  return withFile(database, lake.layout.catalogFile, name, use);
}

async function withFile<T>(
  database: Database,
  path: string,
  name: string,
  use: () => Promise<T>,
): Promise<T> {
  try {
    await database.run(`ATTACH ${quoteText(path)} AS ${quoteName(name)} (READ_ONLY)`);
  } catch (cause) {
    throw notOpened(path, cause);
  }
  try {
    return await use();
  } finally {
    await database.run(`DETACH ${quoteName(name)}`);
  }
}

function notOpened(path: string, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  return new AppError(
    "corrupt",
    `${path} cannot be opened (${reason}); run \`datalake catalog rebuild --full\``,
    { details: { path }, cause },
  );
}

/** Throws `not_found` saying how to make one when the lake has no catalog yet. */
export async function requireCatalog(lake: Lake): Promise<void> {
  if (await awaitReplaced(lake.layout.catalogFile)) return;
  throw new AppError(
    "not_found",
    `${lake.layout.catalogFile} does not exist yet; run \`datalake catalog rebuild\``,
    {
      details: { path: lake.layout.catalogFile },
    },
  );
}
