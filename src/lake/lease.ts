import { link, open, readFile, stat, unlink, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import * as v from "valibot";
import { AppError, systemCode } from "../errors.ts";
import { isMissing, tempBeside, writeAtomic } from "./files.ts";

export const LeaseHolderSchema = v.object({
  id: v.string(),
  host: v.string(),
  boot_id: v.string(),
  pid: v.number(),
  /** Start time of the process in clock ticks since boot: tells a process from a later one with the same pid. */
  started: v.string(),
  /** What the holder is, for people: `datalake serve on 127.0.0.1:8091`. */
  purpose: v.string(),
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
    if (await createExclusive(path, JSON.stringify(holder))) return hold(path, holder, ttlMs);
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
    await breakLease(path, current.holder.id);
  }
  throw new AppError("locked", `${path} changes hands too quickly; try again`, { details: { path } });
}

/** Who holds a lease and whether that process is alive; undefined when nobody does. */
export async function inspectLease(
  path: string,
  ttlMs = DEFAULT_TTL_MS,
): Promise<{ holder: LeaseHolder; alive: boolean } | undefined> {
  let text: string;
  let ageMs: number;
  try {
    text = await readFile(path, "utf8");
    ageMs = (await fileServerNow(path)) - (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), LeaseHolderSchema), text);
  if (!parsed.success) {
    const unknown = {
      id: "",
      host: "?",
      boot_id: "",
      pid: 0,
      started: "",
      purpose: "unknown",
      acquired_at: "",
    };
    return { holder: unknown, alive: ageMs < ttlMs };
  }
  const holder = parsed.output;
  const self = await describeSelf("");
  if (holder.host === self.host) {
    const alive = holder.boot_id === self.boot_id && (await processStart(holder.pid)) === holder.started;
    return { holder, alive };
  }
  return { holder, alive: ageMs < ttlMs };
}

async function hold(path: string, holder: LeaseHolder, ttlMs: number): Promise<Lease> {
  const lost = new AbortController();
  let released = false;
  let refreshedAt = performance.now();
  const timer = setInterval(async () => {
    try {
      const current = JSON.parse(await readFile(path, "utf8")) as LeaseHolder;
      if (current.id !== holder.id) throw new Error("taken by another");
      const now = new Date();
      await utimes(path, now, now);
      refreshedAt = performance.now();
    } catch {
      if (!released && performance.now() - refreshedAt > ttlMs * 0.7) lost.abort();
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
      await breakLease(path, holder.id);
    },
  };
}

/** Removes the lease only if it is still that holder's. */
async function breakLease(path: string, id: string): Promise<void> {
  try {
    const text = await readFile(path, "utf8");
    if (id !== "" && !text.includes(`"${id}"`)) return;
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function createExclusive(path: string, text: string): Promise<boolean> {
  const temp = tempBeside(path);
  await writeAtomic(temp, text);
  try {
    await link(temp, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? "")) throw error;
    return await createByOpen(path, text);
  } finally {
    await unlink(temp);
  }
}

async function createByOpen(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx");
    await handle.writeFile(text);
    await handle.close();
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
    boot_id: await readFirst("/proc/sys/kernel/random/boot_id"),
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
  // The command in field 2 may hold spaces and parentheses; start time is field 22.
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

async function readFirst(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return "";
  }
}
