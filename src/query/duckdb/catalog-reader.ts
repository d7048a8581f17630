import { systemCode } from "../../errors.ts";
import { recentBeside } from "../../lake/layout.ts";
import { awaitReplaced } from "../../lake/replaced.ts";
import { mayLag } from "../../lake/view.ts";
import { type Database, type DatabaseOptions, openDatabase } from "../database.ts";
import { beginInstance, type InstanceOptions } from "../instance.ts";
import { attachCatalog, type CatalogIdentity, findRecent, identifyFiles, isAbsent } from "./catalog-file.ts";

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

/** How a mount shows a catalog that another machine replaces. */
export interface CatalogView {
  /** Whether it may go on with the old one. */
  mayLag(path: string): Promise<boolean>;
  /** So often the catalog is closed there when nobody asks: some show the old one for as long as it is held open. */
  reopenMs: number;
  /** An answer from the old one is waited for at most so long: two that are open at once may be mixed up. */
  drainMs: number;
}

/** One that is always in use is closed to new answers after so many of those times. */
const MAX_OVERDUE = 6;

const VIEW: CatalogView = { mayLag, reopenMs: 5000, drainMs: 10_000 };

/**
 * Reads the catalog file at `path`; the instance that all share may have fewer threads, and each begins with one. Throws
 * `not_found` on use when there is none.
 */
export function createCatalogReader(
  path: string,
  options: Omit<DatabaseOptions, "path" | "readOnly">,
  sharedThreads = options.threads,
  view = VIEW,
): CatalogReader {
  let current: Shared | undefined;
  /** Closed once nobody uses them. */
  const draining = new Set<Promise<void>>();
  const open = async (threads = options.threads) => {
    const attempt = () => openCatalog(path, { ...options, ...beginWithOne(threads) });
    try {
      return await attempt();
    } catch (error) {
      // It was there a moment ago: where a file cannot be renamed over, its name is missing while it is replaced.
      if (!isAbsent(error) || !(await awaitReplaced(path))) throw error;
      return attempt();
    }
  };
  const retire = (shared: Shared | undefined, close = (database: Database) => database.close()) => {
    if (shared === undefined) return;
    if (shared === current) current = undefined;
    shared.retired = true;
    clearInterval(shared.timer);
    if (shared.users > 0) return;
    shared.database
      .then(close)
      .catch(() => {})
      .finally(shared.closed.resolve);
  };
  const begin = (identity: CatalogIdentity, lags: boolean): Shared => {
    const closed = Promise.withResolvers<void>();
    const database = open(sharedThreads);
    const shared: Shared = { database, identity, users: 0, retired: false, timer: undefined, closed };
    if (!lags) return shared;
    draining.add(closed.promise);
    closed.promise.finally(() => draining.delete(closed.promise));
    let times = 0;
    shared.timer = setInterval(() => {
      if (shared.users === 0 || ++times === MAX_OVERDUE) retire(shared);
    }, view.reopenMs);
    shared.timer.unref();
    return shared;
  };
  const acquire = async (): Promise<Shared> => {
    const identity = await identifyAfter(path, current?.identity);
    const lags = await view.mayLag(path);
    if (!Bun.deepEquals(current?.identity, identity)) retire(current);
    if (current === undefined && draining.size > 0) {
      await Promise.race([Promise.all(draining), Bun.sleep(view.drainMs)]);
    }
    current ??= begin(identity, lags);
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
        await identifyFiles(path);
        const database = await open();
        try {
          return await work(database);
        } catch (error) {
          database.close();
          throw error;
        }
      }),
    close: () => retire(current, (database) => database.closeLater()), // a command ends here
  };
}

/** An instance that several calls use at once. A retired one is closed behind the last of them. */
interface Shared {
  database: Promise<Database>;
  identity: CatalogIdentity;
  users: number;
  retired: boolean;
  /** Until it is retired, on a mount that may lag. */
  timer: ReturnType<typeof setInterval> | undefined;
  closed: PromiseWithResolvers<void>;
}

/** Most answers are best given by one thread (`Database.spread`). */
function beginWithOne(threads: number | undefined) {
  return threads !== undefined && { threads: 1, mostThreads: threads };
}

/** Begins to make the instance that the next reader with these options opens: for a command that will need it. */
export function beginReader({ scratch, memory, threads }: InstanceOptions): void {
  beginInstance({ scratch, ...(memory !== undefined && { memory }), ...beginWithOne(threads) });
}

const NAME = "lake";

async function openCatalog(path: string, options: Omit<DatabaseOptions, "path">): Promise<Database> {
  const finding = findRecent(path);
  finding.catch(() => {}); // who attaches it meets the failure
  const database = await openDatabase(options);
  try {
    await attachCatalog(database, path, NAME, finding);
    await database.use(NAME);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * The small file stays as long as the large one does: where it was and is not, it is being replaced, or both are.
 */
async function identifyAfter(path: string, before: CatalogIdentity | undefined): Promise<CatalogIdentity> {
  const now = await identifyFiles(path);
  if (before?.recent === undefined || now.recent !== undefined || before.whole !== now.whole) return now;
  await awaitReplaced(recentBeside(path));
  return identifyFiles(path);
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

/** Whether an error is that of a network file system whose file was replaced under an open handle. */
export function isStale(error: unknown): boolean {
  const code = systemCode(error);
  const text = error instanceof Error ? error.message : "";
  return code === "ESTALE" || code === "EIO" || /stale file handle|input\/output error/i.test(text);
}
