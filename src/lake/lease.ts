import { dirname } from "node:path";
import * as v from "valibot";
import { AppError, throwIfCancelled } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { isMissing, isReadOnly } from "./files.ts";
import {
  ageOf,
  createByOpen,
  createExclusive,
  NO_LEASE,
  readLease,
  releaseOwn,
  touchLease,
  unlinkIfThere,
} from "./lease-file.ts";
import { describeSelf, type LeaseHolder, LeaseHolderSchema, livesHere } from "./lease-holder.ts";
import { requireSuitedMount } from "./mount-check.ts";

export interface Lease {
  readonly holder: LeaseHolder;
  /** Fires when the lease could not be refreshed in time: stop working at once, another may have it. */
  readonly lost: AbortSignal;
  /** Looks at the file, directly before what cannot be taken back. Throws `locked` when another may have the lease. */
  confirm(): Promise<void>;
  /** Frees the lease; may be called several times. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  purpose: string;
  /** How long a holder on another host may be silent before it counts as dead. */
  ttlMs?: number;
  /**
   * Whoever can go on without writing is told when the file system has become read-only, and when it may be written
   * again and the lease is still its own; without it a lease that cannot be refreshed is lost.
   */
  onWritable?: (isWritable: boolean) => void;
}

const DEFAULT_TTL_MS = 60_000;

/**
 * Takes the lease file at `path`, made with O_EXCL through link(2). The holder refreshes the file's mtime, which is the
 * file server's clock. A holder on this host whose process is gone is dead at once, one elsewhere after `ttlMs` of
 * silence. Throws `locked` naming the holder otherwise, and
 * `unsuited_mount` where no lease keeps anybody off.
 */
export async function acquireLease(path: string, options: LeaseOptions): Promise<Lease> {
  await requireSuitedMount(dirname(path));
  const ttlMs = options.ttlMs ?? DEFAULT_TTL_MS;
  const holder = await describeSelf(options.purpose);
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await createExclusive(path, JSON.stringify(holder))) return hold(path, holder, ttlMs, options);
    const current = await inspectLease(path, ttlMs);
    if (current === undefined) continue;
    if (current.holder.id === holder.id) return hold(path, holder, ttlMs, options); // made, and told otherwise
    if (current.alive) {
      const { purpose, host, pid } = current.holder;
      throw new AppError(
        "locked",
        `${path} is held by ${purpose} (process ${pid} on ${host}); wait for it or stop it`,
        {
          details: { path, holder: current.holder },
        },
      );
    }
    await breakDeadLease(path, ttlMs);
  }
  throw new AppError("locked", `${path} changes its holder too often; try again`, { details: { path } });
}

/** Of a lock on a small file that is edited: nobody holds it for long, but a lagging mount shows for long that he is silent. */
const EDIT_TTL_MS = 45_000;
const EDIT_WAIT_MS = 60_000;

/** Takes the lease of a file that several may edit, waiting for its turn. Throws `locked` when that takes too long. */
export async function waitToEdit(path: string, { purpose }: Pick<LeaseOptions, "purpose">): Promise<Lease> {
  return waitForLease(path, { purpose, ttlMs: EDIT_TTL_MS }, EDIT_WAIT_MS);
}

/** Takes a lease as soon as its holder gives it back. Throws `locked` when that takes longer than `waitMs`, `cancelled`. */
export async function waitForLease(
  path: string,
  options: LeaseOptions,
  waitMs: number,
  signal?: AbortSignal,
): Promise<Lease> {
  const startedMs = performance.now();
  for (;;) {
    throwIfCancelled(signal);
    try {
      return await acquireLease(path, options);
    } catch (error) {
      const isHeld = error instanceof AppError && error.code === "locked";
      const waitedMs = performance.now() - startedMs;
      if (!isHeld || waitedMs > waitMs) throw error;
      // Soon at first; who waits long asks the file server less often.
      await Bun.sleep(10 + Math.random() * Math.min(400, 40 + waitedMs / 20));
    }
  }
}

export interface InspectedLease {
  holder: LeaseHolder;
  alive: boolean;
  /** It lives, by its own word, as a process of this machine. */
  isHere: boolean;
}

/** Who holds a lease and whether that process is alive; undefined when nobody does. */
export async function inspectLease(
  path: string,
  ttlMs = DEFAULT_TTL_MS,
): Promise<InspectedLease | undefined> {
  const text = await readLease(path);
  if (text === undefined) return undefined;
  const parsed = checkValue(v.pipe(v.string(), v.parseJson(), LeaseHolderSchema), text);
  if (!parsed.success) {
    const unknown = {
      id: "",
      host: "?",
      machine: "",
      boot_id: "",
      pid_space: "",
      pid: 0,
      started: "",
      purpose: "unknown",
      acquired_at: "",
    };
    return { holder: unknown, isHere: false, alive: text !== NO_LEASE && (await ageOf(path)) < ttlMs };
  }
  const holder = parsed.output;
  const here = await livesHere(holder);
  return { holder, isHere: here === true, alive: here ?? (await ageOf(path)) < ttlMs };
}

async function hold(
  path: string,
  holder: LeaseHolder,
  ttlMs: number,
  { onWritable }: Pick<LeaseOptions, "onWritable">,
): Promise<Lease> {
  const lost = new AbortController();
  let released = false;
  let refreshedAt = performance.now();
  let isWritable = true;
  const tell = (now: boolean) => {
    if (isWritable === now) return;
    isWritable = now;
    onWritable?.(now);
  };
  const timer = setInterval(async () => {
    try {
      if (!(await touchLease(path, holder.id))) {
        if (!released) lost.abort(); // taken by another
        return;
      }
      refreshedAt = performance.now();
      if (!released) tell(true);
    } catch (error) {
      if (released) return;
      if (onWritable !== undefined && isReadOnly(error)) return tell(false);
      if (isMissing(error) || performance.now() - refreshedAt > ttlMs * 0.7) lost.abort();
    }
  }, ttlMs / 5);
  timer.unref();
  return {
    holder,
    lost: lost.signal,
    confirm: async () => {
      const isOurs = !released && !lost.signal.aborted && (await readLease(path))?.includes(`"${holder.id}"`);
      if (isOurs) return;
      throw new AppError(
        "locked",
        `${path} is not held by ${holder.purpose} any more: it was unresponsive for too long, and another process has taken over`,
        { details: { path } },
      );
    },
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(timer);
      await releaseOwn(path, holder.id);
    },
  };
}

/**
 * Removes the lease of a dead holder. Between looking and removing another may do the same and take the lease, so only
 * who holds `<path>.break` looks and removes. That file lives for milliseconds; one left by a crash counts as dead when
 * it is as old as a silent holder.
 */
async function breakDeadLease(path: string, ttlMs: number): Promise<void> {
  const claim = `${path}.break`;
  if (!(await createByOpen(claim, ""))) {
    if ((await ageOf(claim)) > Math.max(ttlMs, 5000)) await unlinkIfThere(claim);
    await Bun.sleep(5 + Math.random() * 20);
    return;
  }
  try {
    const current = await inspectLease(path, ttlMs);
    if (current && !current.alive) await unlinkIfThere(path);
  } finally {
    await unlinkIfThere(claim);
  }
}
