import { dirname } from "node:path";
import { AppError, throwIfCancelled } from "../errors.ts";
import { isMissing } from "./files.ts";
import { mountOf } from "./mount.ts";

/**
 * How this process sees a lake. A network mount may show a file that was changed cut off at its old size, or not at
 * all, for a while (sshfs 20 s, NFS 30 s): what is seen there is believed only when it proves itself, or has
 * lasted.
 */
export interface View {
  /** How long a mount may show an old state. */
  readonly staleMs: number;
  /** Whether the mount of a path may lag; a local disk does not. */
  mayLag(path: string): Promise<boolean>;
  /** Called with a message when waiting takes longer than two seconds. */
  onWait(message: string): void;
  /** Ends a wait. */
  readonly signal?: AbortSignal;
  /** When it was opened, on the clock of `performance.now()`. */
  readonly openedMs: number;
}

const DEFAULT_STALE_MS = 25_000;

/** A view with the system's word for what may lag. */
export function createView({ staleMs = DEFAULT_STALE_MS, ...rest }: Partial<View> = {}): View {
  return { staleMs, mayLag, onWait: () => {}, openedMs: performance.now(), ...rest };
}

/** FUSE over disks of this machine, which shows what is there. */
const OVER_DISKS = new Set(["fuseblk", "fuse.mergerfs", "fuse.bindfs", "fuse.ntfs-3g"]);

/** Whether the mount that holds `path` may lag: any that is not known to be of this machine's disks. */
export async function mayLag(path: string): Promise<boolean> {
  try {
    const { type, isLocal } = await mountOf(path);
    return !isLocal && !OVER_DISKS.has(type ?? "");
  } catch (error) {
    if (isMissing(error) && dirname(path) !== path) return mayLag(dirname(path));
    throw error;
  }
}

/** What opening a file showed. */
export type Look<T> =
  | { isWhole: true; value: T }
  | {
      isWhole: false;
      /** How it is seen, as the end of a sentence: `is cut off`. */
      problem: string;
      /** What it is where nothing lags; throws when that is damage. */
      asSeen(): T | Promise<T>;
      /** What cannot prove to be whole is taken as it is when it was seen so for long enough. */
      settles?: boolean;
    };

/**
 * What `look`, which opens the file `path` again each time, shows once it is whole. Where the mount may lag that is
 * waited for; throws `not_whole` after `view.staleMs`.
 */
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
 * Waits until a mount that may lag can show nothing any more of what it was shown before this view of it was
 * opened. Says whether it waited: what seemed to be missing or damaged is then worth another look, and else it is
 * so.
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
  /** Whether it lasted as long as a mount may show an old state. */
  isOver(): boolean;
  /** A moment until the next look. Throws `cancelled`. */
  pause(problem: string): Promise<void>;
}

/** Say what is waited for after this time. */
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

/** Says what was seen, and that it may not be what is there. */
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
