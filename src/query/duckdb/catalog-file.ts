import { stat } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import { isMissing } from "../../lake/files.ts";
import { recentBeside } from "../../lake/layout.ts";
import { awaitReplaced, readReplaced } from "../../lake/replaced.ts";
import type { Database } from "../database.ts";
import { quoteName, quoteText } from "../sql.ts";

/**
 * A published catalog is the file `catalog.duckdb`, and beside it, where rows were appended since that was published, a
 * small one: `catalog-recent.duckdb` has those rows, the list of partitions as it is with them, and views of all rows
 * under the names that the tables of the large one have. It belongs to the one publication that it names.
 */

/** The name under which the views of the small file read the large one. */
export const WHOLE = "@whole";
/** The schema of the small file that holds rows; `main` has what readers use. */
export const RECENT_SCHEMA = "recent";
/** The small file's table that names the publication to which it belongs. */
export const RECENT_OF = "recent_of";

/** Where the two do not belong together, one of them is about to be replaced. */
const LOOKS = 5;
const LOOK_MS = 100;

/** Whether there are recent rows. A network mount is looked at for 75 ms before it is believed that there are none. */
export function findRecent(path: string): Promise<boolean> {
  return awaitReplaced(recentBeside(path));
}

/**
 * Attaches the published catalog read-only as `name`, with the recent rows, of which somebody may have looked for already.
 * Gives what detaches it. One database attaches one catalog at a time. Throws `corrupt` where a file is damaged, and as the
 * engine does where one cannot be opened.
 */
export async function attachCatalog(
  database: Database,
  path: string,
  name: string,
  finding = findRecent(path),
): Promise<() => Promise<void>> {
  for (let look = 1; ; look++) {
    const isThere = await (look === 1 ? finding : findRecent(path));
    const state = isThere ? await attachBoth(database, path, name) : "none";
    if (state === "current") {
      return async () => {
        await database.run(`DETACH ${quoteName(name)}`);
        await database.run(`DETACH ${quoteName(WHOLE)}`);
      };
    }
    if (state === "ahead" && look < LOOKS) {
      await Bun.sleep(LOOK_MS);
      continue;
    }
    await attach(database, path, name);
    return () => database.run(`DETACH ${quoteName(name)}`);
  }
}

/** Whether the small file belongs to the large one, or to an earlier or a later one: then neither stays attached. */
async function attachBoth(database: Database, path: string, name: string) {
  const attached: string[] = [];
  try {
    await attach(database, recentBeside(path), name);
    attached.push(name);
    await attach(database, path, WHOLE);
    attached.push(WHOLE);
    const recent = await readIssue(database, name);
    const whole = await readIssue(database, WHOLE);
    const [of] = await database.rows<{ attempt: string }>(
      `SELECT attempt FROM ${quoteName(name)}.${RECENT_OF}`,
    );
    if (of !== undefined && of.attempt === whole.attempt) return "current";
    await detach(database, attached);
    return recent.generation > whole.generation ? "ahead" : "past";
  } catch (error) {
    await detach(database, attached);
    if (isAbsent(error)) return "ahead";
    throw error;
  }
}

/** Catalogs of the first versions say no attempt. */
async function readIssue(database: Database, name: string) {
  const [row] = await database.rows<{ attempt?: string | null; generation: number }>(
    `SELECT * FROM ${quoteName(name)}.lake`,
  );
  return { attempt: row?.attempt ?? undefined, generation: row?.generation ?? 0 };
}

async function attach(database: Database, path: string, name: string): Promise<void> {
  try {
    await database.run(`ATTACH ${quoteText(path)} AS ${quoteName(name)} (READ_ONLY)`);
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
    if (!DAMAGED.test(reason)) throw cause;
    throw new AppError("corrupt", `${path} cannot be opened (${reason}); run \`datalake catalog rebuild\``, {
      details: { path },
      cause,
    });
  }
}

/** As the engine says that a file is none of its own, or not whole. */
const DAMAGED = /not a valid DuckDB|corrupt|checksum|serializ/i;

async function detach(database: Database, names: readonly string[]): Promise<void> {
  for (const name of names) await database.run(`DETACH ${quoteName(name)}`);
}

/** Tells the files of a catalog from those that a rename put in their places. */
export interface CatalogIdentity {
  whole: string;
  /** Undefined without a small file. */
  recent: string | undefined;
}

/** Throws `not_found` where there is no catalog. */
export async function identifyFiles(path: string): Promise<CatalogIdentity> {
  try {
    const whole = await readReplaced(path, () => identify(path));
    return { whole, recent: await identify(recentBeside(path)).catch(ignoreMissing) };
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new AppError(
      "not_found",
      `there is no catalog at ${path} yet; create it with \`datalake catalog rebuild\``,
      {
        details: { path },
      },
    );
  }
}

/** As one text. */
export async function identifyCatalog(path: string): Promise<string> {
  const { whole, recent } = await identifyFiles(path);
  return recent === undefined ? whole : `${whole} ${recent}`;
}

async function identify(path: string): Promise<string> {
  const { dev, ino, mtimeNs, size } = await stat(path, { bigint: true });
  return [dev, ino, mtimeNs, size].join("-");
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

/** As the engine says that it cannot open a file. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && /does not exist|no such file|cannot open file/i.test(error.message);
}
