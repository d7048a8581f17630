import { stat } from "node:fs/promises";
import { AppError, systemCode } from "../../errors.ts";
import { isMissing } from "../../lake/files.ts";
import { awaitReplaced, readReplaced } from "../../lake/replaced.ts";
import { type Database, type DatabaseOptions, openDatabase } from "../database.ts";

/** The published catalog, opened read-only, and opened again when a new one has taken its name. */
export interface CatalogReader {
  /**
   * Runs `work` on the newest published catalog. An IO error of a network file system (a stale handle) is cured by a
   * new instance, once.
   */
  use<T>(work: (database: Database) => Promise<T>): Promise<T>;
  /**
   * The same on an instance of its own, for results that are streamed: it stays open, and `work` sees to its end. Closed
   * when `work` fails.
   */
  useOwn<T>(work: (database: Database) => Promise<T>): Promise<T>;
  close(): void;
}

/** Reads the catalog file at `path`; the instance that all share may have fewer threads. Throws `not_found` on use when there is none. */
export function createCatalogReader(
  path: string,
  options: Omit<DatabaseOptions, "path" | "readOnly">,
  sharedThreads = options.threads,
): CatalogReader {
  let current: Shared | undefined;
  const open = async (threads = options.threads) => {
    const attempt = () =>
      openDatabase({ ...options, ...(threads !== undefined && { threads }), path, readOnly: true });
    try {
      return await attempt();
    } catch (error) {
      // It was there a moment ago: where a file cannot be renamed over, its name is missing while it is replaced.
      if (!isAbsent(error) || !(await awaitReplaced(path))) throw error;
      return attempt();
    }
  };
  const retire = (shared: Shared | undefined) => {
    if (shared === undefined) return;
    if (shared === current) current = undefined;
    shared.retired = true;
    if (shared.users === 0) shared.database.then((database) => database.close()).catch(() => {});
  };
  const acquire = async (): Promise<Shared> => {
    const identity = await identifyCatalog(path);
    if (current?.identity !== identity) {
      retire(current);
      current = { database: open(sharedThreads), identity, users: 0, retired: false };
    }
    current.users++;
    return current;
  };
  return {
    use: (work) =>
      retryStale(async () => {
        const shared = await acquire();
        try {
          return await work(await shared.database);
        } catch (error) {
          if (isStale(error) || (await isBroken(shared))) retire(shared);
          throw error;
        } finally {
          shared.users--;
          if (shared.retired) retire(shared);
        }
      }),
    useOwn: (work) =>
      retryStale(async () => {
        await identifyCatalog(path);
        const database = await open();
        try {
          return await work(database);
        } catch (error) {
          database.close();
          throw error;
        }
      }),
    close: () => retire(current),
  };
}

/** An instance that several calls use at once. A retired one is closed behind the last of them. */
interface Shared {
  database: Promise<Database>;
  identity: string;
  users: number;
  retired: boolean;
}

/** Did not even open. */
function isBroken({ database }: Shared): Promise<boolean> {
  return database.then(
    () => false,
    () => true,
  );
}

/** An instance that met a stale handle fails for ever; a new one does not. */
async function retryStale<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isStale(error)) throw error;
    return attempt();
  }
}

/** Tells a published file from the one that a rename put in its place. Throws `not_found` where there is none. */
export async function identifyCatalog(path: string): Promise<string> {
  try {
    const { dev, ino, mtimeNs, size } = await readReplaced(path, () => stat(path, { bigint: true }));
    return [dev, ino, mtimeNs, size].join("-");
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new AppError(
      "not_found",
      `there is no catalog at ${path} yet; make it with \`datalake catalog rebuild\``,
      {
        details: { path },
      },
    );
  }
}

/** As the engine says that it cannot open a file. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && /does not exist|no such file|cannot open file/i.test(error.message);
}

/** Whether an error is that of a network file system whose file was replaced under an open handle. */
export function isStale(error: unknown): boolean {
  const code = systemCode(error);
  const text = error instanceof Error ? error.message : "";
  return code === "ESTALE" || code === "EIO" || /stale file handle|input\/output error/i.test(text);
}
