import { accessSync, constants, type Stats, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { findAccount } from "./accounts.ts";

export interface OwnFolder {
  /** What is above it is the administrator's responsibility. */
  home: string;
  /** From there. */
  path: string;
}

/** The user's cache folder, or where that cannot be written one of the user's own among the temp folders. */
export function cacheDefault(
  env: Record<string, string | undefined>,
  home: string,
  temp: string,
  user: number,
): string {
  const own = env.XDG_CACHE_HOME || (home === "" ? undefined : join(home, ".cache"));
  const shared = ["/var/tmp", temp, "/tmp"].map((folder) => join(folder, `datalake-${user}`));
  const candidates = [...(own === undefined ? [] : [join(own, "datalake")]), ...shared];
  return candidates.find((folder) => isWritable(folder, user)) ?? candidates[0] ?? shared[0] ?? temp;
}

/** In a home that is this account's: commands run as another one (sudo) may be given the home of who called them. */
export function findOwnFolder(env: Record<string, string | undefined>, user: number): OwnFolder | undefined {
  const homes = [
    { home: env.XDG_CONFIG_HOME, path: "datalake" },
    { home: env.HOME, path: ".config/datalake" },
    { home: findAccount(user)?.home, path: ".config/datalake" },
  ];
  for (const { home, path } of homes) {
    if (home === undefined || !isAbsolute(home)) continue;
    const found = lookAt(home);
    if (found?.isDirectory() && found.uid === user) return { home, path };
  }
  return undefined;
}

/**
 * Whether a folder, or the nearest one above it that is there, may be written; one at a guessable place must be
 * ours.
 */
function isWritable(folder: string, user: number): boolean {
  const found = lookAt(folder); // something above it may be a file, or closed to us: that one decides
  if (found === undefined) return dirname(folder) !== folder && isWritable(dirname(folder), -1);
  if (!found.isDirectory() || (user !== -1 && found.uid !== user)) return false;
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
