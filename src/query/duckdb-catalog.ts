import { stat } from "node:fs/promises";
import { AppError, systemCode } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./database.ts";

/** The published catalog, opened read-only, and opened again when a new one has taken its name. */
export interface CatalogReader {
  /**
   * Runs `work` on the newest published catalog. An IO error of a network file system (a stale handle) is cured by a
   * new instance, once.
   */
  use<T>(work: (database: Database) => Promise<T>): Promise<T>;
  /** The newest published catalog for the caller alone, who closes it: for results that are streamed. */
  openOwn(): Promise<Database>;
  close(): void;
}

/** Reads the catalog file at `path`. Throws `not_found` on use when there is none. */
export function createCatalogReader(
  path: string,
  options: Omit<DatabaseOptions, "path" | "readOnly">,
): CatalogReader {
  let current: { database: Database; identity: string } | undefined;
  const close = () => {
    current?.database.close();
    current = undefined;
  };
  const openOwn = () => openDatabase({ ...options, path, readOnly: true });
  const newest = async (): Promise<Database> => {
    const identity = await identify(path);
    if (current?.identity === identity) return current.database;
    close();
    const database = await openOwn();
    current = { database, identity };
    return database;
  };
  return {
    use: async (work) => {
      try {
        return await work(await newest());
      } catch (error) {
        if (!isStale(error)) throw error;
        close();
        return work(await newest());
      }
    },
    openOwn: async () => {
      await identify(path);
      return openOwn();
    },
    close,
  };
}

/** Tells a published file from the one that a rename put in its place. */
async function identify(path: string): Promise<string> {
  try {
    const { dev, ino, mtimeNs, size } = await stat(path, { bigint: true });
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

function isStale(error: unknown): boolean {
  const code = systemCode(error);
  const text = error instanceof Error ? error.message : "";
  return code === "ESTALE" || code === "EIO" || /stale file handle|input\/output error/i.test(text);
}
