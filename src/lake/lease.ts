import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, readFile, readlink, stat, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import * as v from "valibot";
import { AppError, systemCode } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { isMissing, isReadOnly, tempBeside, writeAtomic } from "./files.ts";
import { giveOpenPermissions } from "./group.ts";
import { DEFAULT_MODES } from "./modes.ts";
import { kindProblem, readText, SAFE_FLAGS } from "./staged-file.ts";

/** Told to people as it is: a lease stands where others write, and must not write on their terminals. */
const Shown = v.pipe(v.string(), v.maxLength(300), v.regex(/^\P{Cc}*$/u));

export const LeaseHolderSchema = v.object({
  id: v.string(),
  host: Shown,
  /** Tells machines of the same name apart; empty where the system has none. */
  machine: v.optional(v.string(), ""),
  boot_id: v.string(),
  /** The namespace that `pid` counts in: containers of one machine have their own. */
  pid_space: v.optional(v.string(), ""),
  pid: v.number(),
  /** Start time of the process in clock ticks since boot: tells a process from a later one with the same pid. */
  started: v.string(),
  /** What the holder is, for people: `datalake serve on 127.0.0.1:8091`. */
  purpose: Shown,
  acquired_at: v.string(),
});
export type LeaseHolder = v.InferOutput<typeof LeaseHolderSchema>;

export interface Lease {
  readonly holder: LeaseHolder;
  /** Fires when the lease could not be refreshed in time: stop working at once, another may have it. */
  readonly lost: AbortSignal;
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
 * silence. Throws `locked` naming the holder otherwise.
 */
export async function acquireLease(path: string, options: LeaseOptions): Promise<Lease> {
  const ttlMs = options.ttlMs ?? DEFAULT_TTL_MS;
  const holder = await describeSelf(options.purpose);
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await createExclusive(path, JSON.stringify(holder))) return hold(path, holder, ttlMs, options);
    const current = await inspectLease(path, ttlMs);
    if (current === undefined) continue;
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
  throw new AppError("locked", `${path} changes hands too quickly; try again`, { details: { path } });
}

/** Of a lock on a small file that is edited: nobody holds it for long. */
const EDIT_TTL_MS = 10_000;
const EDIT_WAIT_MS = 20_000;

/** Takes the lease of a file that several may edit, waiting for its turn. Throws `locked` when that takes too long. */
export async function waitForLease(path: string, { purpose }: Pick<LeaseOptions, "purpose">): Promise<Lease> {
  const giveUpAt = performance.now() + EDIT_WAIT_MS;
  for (;;) {
    try {
      return await acquireLease(path, { purpose, ttlMs: EDIT_TTL_MS });
    } catch (error) {
      const locked = error instanceof AppError && error.code === "locked";
      if (!locked || performance.now() > giveUpAt) throw error;
      await Bun.sleep(10 + Math.random() * 40);
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

/** What stands in for a link, a pipe or a folder: nobody who holds a lease makes such, so nobody holds it. */
const NO_LEASE = "no lease";
const LEASE_BYTES = 64 << 10;

/** The text of a lease file; undefined where there is none. Others may write where it lies: no link, no pipe is opened. */
async function readLease(path: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | SAFE_FLAGS);
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (["ELOOP", "EMLINK", "ENXIO"].includes(systemCode(error) ?? "")) return NO_LEASE;
    throw error;
  }
  try {
    return await readOpenLease(handle);
  } finally {
    await handle.close();
  }
}

async function readOpenLease(handle: FileHandle): Promise<string> {
  const facts = await handle.stat();
  if (kindProblem(facts) !== undefined) return NO_LEASE;
  return readText(handle, Math.min(facts.size, LEASE_BYTES));
}

/** Whether the holder lives, where this machine can tell; undefined where only its silence tells. */
async function livesHere(holder: LeaseHolder): Promise<boolean | undefined> {
  const self = await describeSelf("");
  if (holder.boot_id === self.boot_id && holder.pid_space === self.pid_space) {
    if (self.boot_id === "" && holder.host !== self.host) return undefined;
    return (await processStart(holder.pid)) === holder.started;
  }
  // The same machine, started anew: nothing of before lives. A host name alone does not tell (two containers).
  const rebooted =
    holder.boot_id !== self.boot_id && holder.host === self.host && holder.machine === self.machine;
  return rebooted && self.machine !== "" ? false : undefined;
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
      if (!(await touch(path, holder.id))) {
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
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(timer);
      await releaseOwn(path, holder.id);
    },
  };
}

/** Sets the mtime by the file server's clock: writes the `{` that the file begins with anyway. False for another's. */
async function touch(path: string, id: string): Promise<boolean> {
  const handle = await open(path, constants.O_RDWR | SAFE_FLAGS);
  try {
    if (!(await readOpenLease(handle)).includes(`"${id}"`)) return false;
    await handle.write("{", 0);
    return true;
  } finally {
    await handle.close();
  }
}

async function releaseOwn(path: string, id: string): Promise<void> {
  try {
    if ((await readLease(path))?.includes(`"${id}"`)) await unlink(path);
  } catch (error) {
    // What cannot be removed counts as dead when this process has ended.
    if (!isMissing(error) && !isReadOnly(error)) throw error;
  }
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

/** Milliseconds since the file was touched, by the file server's clock; 0 for one that is gone. */
async function ageOf(path: string): Promise<number> {
  try {
    return (await fileServerNow(path)) - (await lstat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (isMissing(error)) return;
    if (!["EISDIR", "EPERM"].includes(systemCode(error) ?? "") || !(await isFolder(path))) throw error;
    throw new AppError("conflict", `${path} is a folder where a lease should be; remove it`, {
      details: { path },
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

async function createExclusive(path: string, text: string): Promise<boolean> {
  const temp = tempBeside(path);
  await writeAtomic(temp, text);
  try {
    await link(temp, path);
    return true;
  } catch (error) {
    // Over NFS a repeated request may report EEXIST for the link that it made itself: two names tell.
    if (systemCode(error) === "EEXIST") return (await stat(temp)).nlink > 1;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? "")) throw error;
    return await createByOpen(path, text);
  } finally {
    await unlink(temp);
  }
}

async function createByOpen(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx");
    try {
      await handle.writeFile(text);
      await giveOpenPermissions(handle, dirname(path), DEFAULT_MODES.file);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function fileServerNow(path: string): Promise<number> {
  const temp = tempBeside(path);
  try {
    await (await open(temp, "wx")).close();
    return (await stat(temp)).mtimeMs;
  } catch {
    return Date.now(); // a reader without write permission: its own clock is the best there is
  } finally {
    await unlink(temp).catch(() => {});
  }
}

async function describeSelf(purpose: string): Promise<LeaseHolder> {
  return {
    id: crypto.randomUUID(),
    host: hostname(),
    machine: await readFirst("/etc/machine-id"),
    boot_id: await readFirst("/proc/sys/kernel/random/boot_id"),
    pid_space: await readlink("/proc/self/ns/pid").catch(() => ""),
    pid: process.pid,
    started: await processStart(process.pid),
    purpose,
    acquired_at: new Date().toISOString(),
  };
}

/** Start time of a live process, `""` for none; where there is no /proc, `alive` for any process. */
async function processStart(pid: number): Promise<string> {
  if (process.platform !== "linux") {
    try {
      process.kill(pid, 0);
      return "alive";
    } catch (error) {
      return systemCode(error) === "EPERM" ? "alive" : "";
    }
  }
  const text = await readFirst(`/proc/${pid}/stat`);
  // The command in field 2 may hold spaces and parentheses; the state is field 3, the start time field 22.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // Dead, and nobody has asked yet how it ended: where the first process of a container never does, for good.
  if (fields[0] === "Z" || fields[0] === "X") return "";
  return fields[19] ?? "";
}

async function readFirst(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return "";
  }
}
