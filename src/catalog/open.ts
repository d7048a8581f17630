import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { awaitReplaced } from "../lake/replaced.ts";
import type { Database } from "../query/database.ts";
import { CATALOG_FORMAT } from "../query/duckdb/homes.ts";
import { hasIndex } from "../query/search-index/ranges.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { type LeftOut, readLeftOut } from "./left-out.ts";
import { catalogIdentity } from "./publish.ts";
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
}

/**
 * Reads the published catalog's own tables; undefined when there is none. Throws `corrupt` when it cannot be opened or
 * is of another format.
 */
export async function readPublished(database: Database, lake: Lake): Promise<PublishedCatalog | undefined> {
  const file = await catalogIdentity(lake);
  if (file === undefined) return undefined;
  return withPublished(database, lake, "published", async () => {
    const head = await requireHead(database, lake, "published");
    const partitions = await readKnown(database, "published");
    const identity = head.attempt ?? file;
    return {
      head,
      partitions,
      leftOut: await readLeftOut(database, "published"),
      hasIndex: await hasIndex(database, "published"),
      identity,
    };
  });
}

/** The attempt that built the file which a fresh look finds published; undefined where none can be read. */
export async function publishedAttempt(database: Database, lake: Lake): Promise<string | undefined> {
  try {
    const head = await withPublished(database, lake, "proof", () => readHead(database, "proof"));
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

/** Attaches the published catalog read-only as `name` while `use` runs. Throws `corrupt` when it cannot be opened. */
export async function withPublished<T>(
  database: Database,
  lake: Lake,
  name: string,
  use: () => Promise<T>,
): Promise<T> {
  const { catalogFile } = lake.layout;
  try {
    await database.run(`ATTACH ${quoteText(catalogFile)} AS ${quoteName(name)} (READ_ONLY)`);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new AppError(
      "corrupt",
      `${catalogFile} cannot be opened (${reason}); run \`datalake catalog rebuild --full\``,
      {
        details: { path: catalogFile },
        cause,
      },
    );
  }
  try {
    return await use();
  } finally {
    await database.run(`DETACH ${quoteName(name)}`);
  }
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
