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
  /** Fires when the lease could not be refreshed in time: stop at once, another process may have it. */
  readonly lost: AbortSignal;
  /** Checks the file; call directly before irreversible steps. Throws `locked` if another may have it. */
  confirm(): Promise<void>;
  /** Releases the lease. Idempotent. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  purpose: string;
  /** Silence after which a holder on another host counts as dead. */
  ttlMs?: number;
  /**
   * Called when the file system becomes read-only, and when it is writable again with the lease intact. For
   * holders that can pause; without it a lease that cannot be refreshed is lost.
   */
  onWritable?: (isWritable: boolean) => void;
}

const DEFAULT_TTL_MS = 60_000;

/**
 * Takes the lease file at `path`, created exclusively through link(2). The holder refreshes the mtime, which
 * is the file server's clock. A holder on this host is dead once its process is gone, on another host after
 * `ttlMs` of silence. Throws `locked` naming the holder, `unsuited_mount` where leases do not work.
 */
export async function acquireLease(path: string, options: LeaseOptions): Promise<Lease> {
  await requireSuitedMount(dirname(path));
  const ttlMs = options.ttlMs ?? DEFAULT_TTL_MS;
  const holder = await describeSelf(options.purpose);
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await createExclusive(path, JSON.stringify(holder))) return hold(path, holder, ttlMs, options);
    const current = await inspectLease(path, ttlMs);
    if (current === undefined) continue;
    if (current.holder.id === holder.id) return hold(path, holder, ttlMs, options); // ours despite the error
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

/** For a lock on a small edited file: held briefly, but a lagging mount may show it as silent for long. */
const EDIT_TTL_MS = 45_000;
const EDIT_WAIT_MS = 60_000;

/** Takes the lease of a file that several processes edit, waiting its turn. Throws `locked` on timeout. */
export async function waitToEdit(path: string, { purpose }: Pick<LeaseOptions, "purpose">): Promise<Lease> {
  return waitForLease(path, { purpose, ttlMs: EDIT_TTL_MS }, EDIT_WAIT_MS);
}

/** Takes a lease as soon as it is released. Throws `locked` after `waitMs`, `cancelled`. */
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
      // Frequently at first; later less often, to spare the file server.
      await Bun.sleep(10 + Math.random() * Math.min(400, 40 + waitedMs / 20));
    }
  }
}

export interface InspectedLease {
  holder: LeaseHolder;
  alive: boolean;
  /** It is alive, and claims to be a process of this machine. */
  isHere: boolean;
}

/** The holder of a lease and whether it is alive; undefined if not held. */
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
 * Removes the lease of a dead holder. Another process may do the same and take the lease in between, so only
 * the holder of `<path>.break` checks and removes. That file exists for milliseconds; one left by a crash
 * expires like a silent holder.
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
