import { constants, type Stats } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { dirname, parse, resolve } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { nameAccount } from "../util/accounts.ts";
import { isMissing } from "./files.ts";
import { readReplaced } from "./replaced.ts";

const MAX_LINKS = 20;
const MAX_BYTES = 16 << 20;

export interface OwnFile {
  text: string;
  /** Changes whenever the file does. */
  mark: string;
}

/**
 * Reads a file that only this account and root can have written; undefined if missing. `requireOwnFolder`
 * checks who could replace it. Throws `permission_denied`.
 */
export async function readOwnFile(path: string): Promise<OwnFile | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await readReplaced(path, () => open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (systemCode(error) !== "ELOOP") throw error;
    throw exposed(path, "is a link", "put the file itself there");
  }
  try {
    const found = await handle.stat({ bigint: true });
    const { ino, size, mtimeNs, ctimeNs } = found;
    if (!found.isFile() || size > MAX_BYTES) throw exposed(path, "is not a file of this kind", "remove it");
    refuseOthers(path, await handle.stat());
    return { text: await handle.readFile("utf8"), mark: `${ino} ${size} ${mtimeNs} ${ctimeNs}` };
  } finally {
    await handle.close();
  }
}

/**
 * Throws `permission_denied` if accounts other than this one and root could replace this folder or its
 * entries. Checks the folders up to `anchor`; those above are the administrator's responsibility.
 */
export async function requireOwnFolder(folder: string, anchor: string): Promise<void> {
  let links = 0;
  const check = async (path: string): Promise<void> => {
    const isAnchor = path === anchor || path === parse(path).root;
    if (!isAnchor) await check(dirname(path));
    const found = await lstat(path).catch((error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (found === undefined) return; // created by us when needed
    if (!found.isSymbolicLink()) return refuseOthers(path, found);
    if (++links > MAX_LINKS) throw exposed(path, "is one of too many links", "name the folder itself");
    if (!isTrusted(found.uid)) throw exposed(path, `is a link of ${nameAccount(found.uid)}`, "remove it");
    await check(resolve(dirname(path), await readlink(path)));
  };
  await check(resolve(folder));
}

/** In a sticky folder others can add entries, but not replace ours. */
function refuseOthers(path: string, found: Pick<Stats, "uid" | "mode" | "isDirectory">): void {
  if (!isTrusted(found.uid)) {
    const owner = nameAccount(found.uid);
    const instead = process.geteuid?.() === 0 ? `run this as ${owner}` : "remove it";
    throw exposed(path, `belongs to ${owner}`, `${instead}, or keep the tokens in another place`);
  }
  const isSticky = found.isDirectory() && (found.mode & 0o1000) !== 0;
  if ((found.mode & 0o022) === 0 || isSticky) return;
  throw exposed(path, "may be changed by other accounts", `run \`chmod go-w ${path}\``);
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function exposed(path: string, why: string, advice: string): AppError {
  return new AppError("permission_denied", `the tokens are not safe: ${path} ${why}; ${advice}`, {
    details: { path },
  });
}
