import { link, open, rename, rm, stat } from "node:fs/promises";
import { systemCode } from "../errors.ts";
import { exists, isHeld } from "./files.ts";

/** Errors of file systems without hard links, or at their limit for this file. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"]);

/**
 * Gives `from` the name `to` unless it exists; returns whether it did. `from` may remain as a second name,
 * which the caller removes. Without hard links it uses an exclusive rename.
 */
export async function linkExclusive(
  from: string,
  to: string,
  makeLink: (from: string, to: string) => Promise<void> = link,
): Promise<boolean> {
  try {
    await makeLink(from, to);
    return true;
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (code === "EEXIST") return false;
    if (!NO_LINKS.has(code)) throw error;
    // sshfs also reports a lost race as EPERM.
    if (await exists(to)) return false;
    return renameExclusive(from, to);
  }
}

/** Placeholders exist for milliseconds: the owner of an older one is dead. */
const CLAIM_MS = 30_000;

/** A placeholder created with O_EXCL claims the name, so that two renames never overwrite each other. */
async function renameExclusive(from: string, to: string): Promise<boolean> {
  const claim = `${to}.claim`;
  for (;;) {
    try {
      await (await open(claim, "wx")).close();
      break;
    } catch (error) {
      if (systemCode(error) !== "EEXIST" && !(isHeld(error) && (await exists(claim)))) throw error;
      if (await exists(to)) return false;
      await outlast(claim);
    }
  }
  try {
    if (await exists(to)) return false;
    await rename(from, to);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

/** Waits until a claim is gone, and removes a stale one. */
async function outlast(claim: string): Promise<void> {
  const before = await stat(claim).catch(() => undefined);
  const startedMs = performance.now();
  for (;;) {
    const now = await stat(claim).catch(() => undefined);
    if (now === undefined || now.mtimeMs !== before?.mtimeMs) return;
    if (performance.now() - startedMs > CLAIM_MS) return rm(claim, { force: true });
    await Bun.sleep(20);
  }
}
