import { link, open, rename, rm, stat } from "node:fs/promises";
import { systemCode } from "../errors.ts";
import { exists, isHeld } from "./files.ts";

/** Errors by which a file system says that it has no hard links, or no more of this file. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"]);

/**
 * Gives the file `from` the name `to` unless something has it already; returns whether it did. `from` may remain as a
 * second name of the same file: the caller removes it when done. Falls back to an exclusive rename where the file
 * system has no hard links.
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
    // sshfs reports a lost race as EPERM too.
    if (await exists(to)) return false;
    return renameExclusive(from, to);
  }
}

/** One lives for milliseconds: who made one that stays so long is dead. */
const CLAIM_MS = 30_000;

/** The placeholder made with O_EXCL claims the name, so two of these never overwrite each other. */
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

/** Waits until somebody's claim is gone, and removes one that stays. */
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
