import { lstat, readdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing } from "./files.ts";
import { waitToEdit } from "./lease.ts";
import { createExclusive } from "./lease-file.ts";
import type { Modes } from "./modes.ts";
import { dropPrepared, writeAtomic } from "./replace.ts";
import { beginWait, type Look, notWhole, type View, type Wait } from "./view.ts";

/** A small file that several hosts edit. */
export interface EditedFile<T> {
  path: string;
  lock: string;
  /** Marker file: the state with this digest was replaced. */
  successor(digest: string): string;
  modes: Modes;
  view: View;
  purpose: string;
  /** Opens the file again; empty text if missing. */
  look(): Promise<Look<{ text: string; value: T }>>;
}

const OLD = "is seen as it was before the newest change";

/**
 * Replaces the file by `change` applied to its newest state. A lock excludes other editors. A mount may still
 * show an older state, so each editor marks the state that it replaces with an exclusively created file; an
 * editor who finds its state marked reads again. Throws `locked`, `not_whole` and what `look` throws.
 */
export async function editFile<T, R>(
  file: EditedFile<T>,
  change: (value: T) => Promise<{ text: string; result: R }>,
): Promise<R> {
  const { path, view } = file;
  const lags = await view.mayLag(path);
  let waited: { wait: Wait; problem: string } | undefined;
  for (;;) {
    const attempt = await tryEdit(file, change, lags, waited);
    if (attempt.done) return attempt.result;
    const { problem } = attempt;
    // The state changed: another process is editing, and the view updates.
    if (waited === undefined || waited.problem !== problem) waited = { wait: beginWait(view, path), problem };
    await waited.wait.pause(problem.split("\n")[0] ?? "");
  }
}

/** One attempt under the lock; `problem` says why the state seen may not be the newest. */
async function tryEdit<T, R>(
  file: EditedFile<T>,
  change: (value: T) => Promise<{ text: string; result: R }>,
  lags: boolean,
  waited: { wait: Wait; problem: string } | undefined,
): Promise<{ done: true; result: R } | { done: false; problem: string }> {
  const { path, view, purpose } = file;
  const lock = await waitToEdit(file.lock, { purpose });
  try {
    await dropPrepared(path);
    const isOver = waited?.wait.isOver() ?? false;
    const seen = await file.look();
    if (!seen.isWhole && lags) {
      if (!isOver) return { done: false, problem: seen.problem };
      if (!seen.settles) throw notWhole(view, path, seen.problem);
    }
    const { text, value } = seen.isWhole ? seen.value : await seen.asSeen();
    const edited = await change(value);
    const mark = file.successor(new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16));
    const isNewest = await createExclusive(mark, `${lock.holder.id}\n`);
    // After that time the mark's owner is dead without writing, or the old state was restored.
    if (!isNewest && lags && !isOver) return { done: false, problem: `${OLD}\n${mark}` };
    const stillOurs = () =>
      lock.confirm().catch((cause) => {
        throw changedMeanwhile(path, cause);
      });
    try {
      await writeAtomic(path, edited.text, file.modes, { confirm: stillOurs });
    } catch (error) {
      // Keep the mark if another process replaced the state.
      await stillOurs();
      if (isNewest) await unlink(mark).catch(() => {});
      throw error;
    }
    await sweepMarks(file, mark);
    return { done: true, result: edited.result };
  } finally {
    await lock.release();
  }
}

function changedMeanwhile(path: string, cause: unknown): AppError {
  return new AppError("locked", `${path} was changed by another process meanwhile; try again`, { cause });
}

/** A mark is needed while someone may see the old state; then it is removed. */
const KEPT_MS = 10 * 60_000;

async function sweepMarks<T>({ successor, view }: EditedFile<T>, newest: string): Promise<void> {
  const prefix = basename(successor(""));
  try {
    const nowMs = (await stat(newest)).mtimeMs; // the file server's clock
    for (const name of await readdir(dirname(newest))) {
      const path = join(dirname(newest), name);
      if (!name.startsWith(prefix) || path === newest) continue;
      const facts = await lstat(path); // anyone with write access may have put a link here
      const isOld = nowMs - facts.mtimeMs > Math.max(KEPT_MS, 4 * view.staleMs);
      if (facts.isFile() && isOld) await unlink(path);
    }
  } catch (error) {
    if (!isMissing(error)) throw error; // another editor may remove it too
  }
}
