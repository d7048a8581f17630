import { dirname } from "node:path";
import { AppError, throwIfCancelled } from "../errors.ts";
import { isMissing } from "./files.ts";
import { mountOf } from "./mount.ts";

/**
 * This process's view of a lake. A network mount may show a changed file truncated to its old size, or not at
 * all, for a while (sshfs 20 s, NFS 30 s): trust content only if it proves to be complete or is stable.
 */
export interface View {
  /** How long a mount may show an old state. */
  readonly staleMs: number;
  /** Whether the mount of a path may lag; local disks do not. */
  mayLag(path: string): Promise<boolean>;
  /** Called with a message when a wait exceeds two seconds. */
  onWait(message: string): void;
  readonly signal?: AbortSignal;
  /** When it was opened, by `performance.now()`. */
  readonly openedMs: number;
}

const DEFAULT_STALE_MS = 25_000;

/** Creates a view that asks the system which mounts may lag. */
export function createView({ staleMs = DEFAULT_STALE_MS, ...rest }: Partial<View> = {}): View {
  return { staleMs, mayLag, onWait: () => {}, openedMs: performance.now(), ...rest };
}

/** FUSE over local disks, which does not lag. */
const OVER_DISKS = new Set(["fuseblk", "fuse.mergerfs", "fuse.bindfs", "fuse.ntfs-3g"]);

/** Whether the mount of `path` may lag: any that is not known to be local. */
export async function mayLag(path: string): Promise<boolean> {
  try {
    const { type, isLocal } = await mountOf(path);
    return !isLocal && !OVER_DISKS.has(type ?? "");
  } catch (error) {
    if (isMissing(error) && dirname(path) !== path) return mayLag(dirname(path));
    throw error;
  }
}

export type Look<T> =
  | { isWhole: true; value: T }
  | {
      isWhole: false;
      /** How it appears, as the end of a sentence: `is cut off`. */
      problem: string;
      /** The value if nothing lags; throws if it is damaged. */
      asSeen(): T | Promise<T>;
      /** Accept it after it has been stable for long enough, although it cannot prove its completeness. */
      settles?: boolean;
    };

/** Repeats `look`, which reopens `path`, until it is complete; throws `not_whole` after `view.staleMs`. */
export async function seeWhole<T>(
  view: View | undefined,
  path: string,
  look: () => Promise<Look<T>>,
): Promise<T> {
  let wait: Wait | undefined;
  for (;;) {
    const seen = await look();
    if (seen.isWhole) return seen.value;
    if (view === undefined || !(wait !== undefined || (await view.mayLag(path)))) return seen.asSeen();
    wait ??= beginWait(view, path);
    if (wait.isOver()) {
      if (seen.settles) return seen.asSeen();
      throw notWhole(view, path, seen.problem);
    }
    await wait.pause(seen.problem);
  }
}

const told = new WeakSet<View>();

/**
 * Waits until the mount can no longer show states from before this view was opened. Returns whether it
 * waited: something missing or damaged is then worth another look.
 */
export async function outlive(view: View, path: string): Promise<boolean> {
  const leftMs = () => view.openedMs + view.staleMs - performance.now();
  if (leftMs() <= 0 || !(await view.mayLag(path))) return false;
  if (!told.has(view)) {
    told.add(view);
    view.onWait(
      `waiting up to ${seconds(view)} before reading ${path} again: this mount may show an old state`,
    );
  }
  while (leftMs() > 0) {
    throwIfCancelled(view.signal);
    await Bun.sleep(Math.min(POLL_MS, Math.max(1, leftMs())));
  }
  return true;
}

export interface Wait {
  /** Whether it exceeded the time that a mount may show an old state. */
  isOver(): boolean;
  /** Delay until the next look. Throws `cancelled`. */
  pause(problem: string): Promise<void>;
}

const QUIET_MS = 2000;
const POLL_MS = 200;

export function beginWait(view: View, path: string): Wait {
  const startedMs = performance.now();
  let isTold = false;
  const waitedMs = () => performance.now() - startedMs;
  return {
    isOver: () => waitedMs() >= view.staleMs,
    pause: async (problem) => {
      throwIfCancelled(view.signal);
      if (!isTold && waitedMs() >= Math.min(QUIET_MS, view.staleMs / 2)) {
        isTold = true;
        view.onWait(
          `waiting up to ${seconds(view)} for the mount to show the newest state: ${path} ${problem}`,
        );
      }
      await Bun.sleep(Math.min(POLL_MS, Math.max(1, view.staleMs - waitedMs())));
    },
  };
}

/** Error for an incomplete file, which may be an outdated view. */
export function notWhole(view: View, path: string, problem: string): AppError {
  return new AppError(
    "not_whole",
    `${path} ${problem}, for ${seconds(view)}; this mount may show an old state of it: try again later, or look at it on the file server`,
    { details: { path, problem } },
  );
}

function seconds({ staleMs }: View): string {
  return `${Math.round(staleMs / 100) / 10} s`;
}
