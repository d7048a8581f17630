import { afterAll, describe, expect, test } from "bun:test";
import {
  appendFile,
  copyFile,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { acquireLease, inspectLease } from "../../src/lake/lease.ts";
import { createByOpen, createExclusive } from "../../src/lake/lease-file.ts";
import type { LeaseHolder } from "../../src/lake/lease-holder.ts";
import { DEFAULT_MODES } from "../../src/lake/modes.ts";
import { until } from "../server/server-kit.ts";

const folder = await mkdtemp(join(tmpdir(), "lease-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
const freshPath = () => join(folder, `lease-${count++}`);

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error) => (error instanceof AppError ? error.code : String(error)),
  );
}

async function heldBy(path: string): Promise<LeaseHolder> {
  return JSON.parse(await readFile(path, "utf8"));
}

describe("acquireLease", () => {
  test("gives the lease to one at a time, and to the next after the release", async () => {
    const path = freshPath();
    const lease = await acquireLease(path, { purpose: "first" });
    expect(await codeOf(acquireLease(path, { purpose: "second" }))).toBe("locked");
    expect((await inspectLease(path))?.holder.purpose).toBe("first");
    await lease.release();
    await lease.release();
    const next = await acquireLease(path, { purpose: "second" });
    await lease.release();
    expect((await inspectLease(path))?.holder.purpose).toBe("second");
    await next.release();
    expect(await inspectLease(path)).toBeUndefined();
  });

  test("leaves no other file behind", async () => {
    const own = await mkdtemp(join(folder, "own-"));
    const lease = await acquireLease(join(own, "a.lease"), { purpose: "one" });
    expect(await readdir(own)).toEqual(["a.lease"]);
    await lease.release();
    expect(await readdir(own)).toEqual([]);
  });

  test("takes over from a dead process of this machine at once", async () => {
    const path = freshPath();
    const child = Bun.spawn([process.execPath, "-e", holdScript(path)], { stdout: "pipe" });
    await child.stdout.getReader().read();
    expect((await inspectLease(path))?.alive).toBe(true);
    expect(await codeOf(acquireLease(path, { purpose: "me" }))).toBe("locked");
    child.kill("SIGKILL");
    await child.exited;
    expect((await inspectLease(path))?.alive).toBe(false);
    const lease = await acquireLease(path, { purpose: "me" });
    expect((await heldBy(path)).pid).toBe(process.pid);
    await lease.release();
  });

  test("takes over from a dead process that its parent never asked about", async () => {
    const path = freshPath();
    // The shell becomes a program that does not know of its child, as the first process of many a container.
    const script = `"$0" -e "$1" >&2 & echo $!; exec sleep 3600`;
    const parent = Bun.spawn(["sh", "-c", script, process.execPath, holdScript(path)], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const pid = Number(new TextDecoder().decode((await parent.stdout.getReader().read()).value));
    await parent.stderr.getReader().read();
    expect((await inspectLease(path))?.alive).toBe(true);
    process.kill(pid, "SIGKILL");
    await until(async () => (await inspectLease(path))?.alive === false);
    expect((await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.[0]).toBe("Z");
    parent.kill("SIGKILL");
  });

  test("does not take a later process with the same pid for the holder", async () => {
    const path = freshPath();
    const lease = await acquireLease(path, { purpose: "me" });
    await writeFile(path, JSON.stringify({ ...(await heldBy(path)), started: "1" }));
    expect((await inspectLease(path))?.alive).toBe(false);
    await lease.release();
  });

  test("believes a holder elsewhere until it is silent for the time given", async () => {
    const path = freshPath();
    const lease = await acquireLease(path, { purpose: "me" });
    const elsewhere = { ...(await heldBy(path)), host: "nas-2", machine: "other", boot_id: "other" };
    await writeFile(path, JSON.stringify(elsewhere));
    expect((await inspectLease(path, 60_000))?.alive).toBe(true);
    const past = new Date(Date.now() - 61_000);
    await utimes(path, past, past);
    expect((await inspectLease(path, 60_000))?.alive).toBe(false);
    const next = await acquireLease(path, { purpose: "me again", ttlMs: 60_000 });
    await next.release();
    await lease.release();
  });

  test("does not take another machine of the same name for this one", async () => {
    const path = freshPath();
    const lease = await acquireLease(path, { purpose: "me" });
    await writeFile(
      path,
      JSON.stringify({ ...(await heldBy(path)), machine: "another", boot_id: "another", pid: 1 }),
    );
    expect((await inspectLease(path))?.alive).toBe(true);
    await lease.release();
  });

  test("confirms by the file as it is now, before any refresh of it", async () => {
    const path = freshPath();
    const lease = await acquireLease(path, { purpose: "me", ttlMs: 3_600_000 });
    await lease.confirm();
    await writeFile(path, JSON.stringify({ ...(await heldBy(path)), id: "another" }));
    expect(await lease.confirm().catch((error) => error.code)).toBe("locked");
    await rm(path);
    expect(await lease.confirm().catch((error) => error.code)).toBe("locked");
    await lease.release();
  });

  test("tells the holder at once that another has the lease", async () => {
    const path = freshPath();
    const lease = await acquireLease(path, { purpose: "me", ttlMs: 50 });
    const lost = new Promise<void>((resolve) => lease.lost.addEventListener("abort", () => resolve()));
    await lease.confirm();
    await writeFile(path, JSON.stringify({ ...(await heldBy(path)), id: "another" }));
    await lost;
    await lease.release();
    expect((await heldBy(path)).id).toBe("another");
  });

  test("keeps the file's time fresh while it is held", async () => {
    const path = freshPath();
    const lease = await acquireLease(path, { purpose: "me", ttlMs: 100 });
    const past = new Date(Date.now() - 60_000);
    await utimes(path, past, past);
    while ((await stat(path)).mtimeMs < Date.now() - 30_000) await Bun.sleep(5);
    expect((await heldBy(path)).purpose).toBe("me");
    await lease.release();
  });

  test("a lease that is no JSON counts as held until it is old", async () => {
    const path = freshPath();
    await writeFile(path, "");
    expect(await codeOf(acquireLease(path, { purpose: "me" }))).toBe("locked");
    const past = new Date(Date.now() - 120_000);
    await utimes(path, past, past);
    await (await acquireLease(path, { purpose: "me" })).release();
  });

  test("processes that contend and are killed never hold it together", async () => {
    const path = freshPath();
    const journal = join(folder, "journal");
    await appendFile(journal, "");
    const children = Array.from({ length: 5 }, (_, at) =>
      Bun.spawn([process.execPath, "-e", contendScript(path, journal, at % 2 === 1)], { stderr: "inherit" }),
    );
    await Promise.all(children.map((child) => child.exited));
    const lines = (await readFile(journal, "utf8")).trim().split("\n");
    // Every "in" is followed by its own "out", or by "dying" when the holder is killed inside.
    for (let at = 0; at < lines.length; at += 2) {
      const [what, who] = (lines[at] ?? "").split(" ");
      expect(what).toBe("in");
      expect(["out", "dying"].map((end) => `${end} ${who}`)).toContain(lines[at + 1] ?? "");
    }
    expect(lines.filter((line) => line.startsWith("dying")).length).toBe(2);
    expect(lines.filter((line) => line.startsWith("out")).length).toBeGreaterThan(20);
  });
});

const leaseModule = join(import.meta.dir, "../../src/lake/lease.ts");

function holdScript(path: string): string {
  return `
    const { acquireLease } = await import(${JSON.stringify(leaseModule)});
    await acquireLease(${JSON.stringify(path)}, { purpose: "child" });
    console.log("held");
    setInterval(() => {}, 1000);`;
}

function contendScript(path: string, journal: string, dies: boolean): string {
  return `
    const { appendFileSync } = await import("node:fs");
    const { acquireLease } = await import(${JSON.stringify(leaseModule)});
    const say = (what) => appendFileSync(${JSON.stringify(journal)}, what + " " + process.pid + "\\n");
    for (let done = 0; done < 8; ) {
      let lease;
      try { lease = await acquireLease(${JSON.stringify(path)}, { purpose: "contender" }); }
      catch (error) { if (error.code !== "locked") throw error; await Bun.sleep(Math.random() * 5); continue; }
      say("in");
      await Bun.sleep(Math.random() * 3);
      if (${dies} && done === 4) { say("dying"); process.kill(process.pid, "SIGKILL"); }
      say("out");
      await lease.release();
      done++;
    }`;
}

describe("a name that another took first", () => {
  const refuse = (code: string) => async () => {
    throw Object.assign(new Error(`${code}: refused`), { code });
  };

  test("is seen by a look at it, whatever the file system calls that", async () => {
    const path = freshPath();
    await writeFile(path, "another's");
    for (const code of ["EEXIST", "EPERM", "EACCES", "ENOTEMPTY"]) {
      const system = { link: refuse(code), open: refuse(code) };
      expect(await createExclusive(path, "ours", DEFAULT_MODES, system), code).toBe(false);
      expect(await createByOpen(path, "ours", DEFAULT_MODES, system), code).toBe(false);
    }
    expect(await readFile(path, "utf8")).toBe("another's");
    const free = freshPath();
    const system = { link: refuse("EACCES"), open: refuse("EACCES") };
    expect(await createExclusive(free, "ours", DEFAULT_MODES, system).catch(({ code }) => code)).toBe(
      "EACCES",
    );
    expect(await createByOpen(free, "ours", DEFAULT_MODES, system).catch(({ code }) => code)).toBe("EACCES");
  });

  test("is ours where its content is, however often the request was repeated", async () => {
    const path = freshPath();
    const link = async (from: string, to: string) => {
      await copyFile(from, to); // two names that do not say that they are of one file, as sshfs and SMB show them
      return refuse("EEXIST")();
    };
    expect(await createExclusive(path, "ours", DEFAULT_MODES, { link, open } as never)).toBe(true);
    expect(
      await createExclusive(path, "later", DEFAULT_MODES, { link: refuse("EPERM"), open } as never),
    ).toBe(false);
  });

  test("without hard links is taken by opening it", async () => {
    const path = freshPath();
    const system = { link: refuse("EPERM"), open } as never;
    expect(await createExclusive(path, "ours", DEFAULT_MODES, system)).toBe(true);
    expect(await createExclusive(path, "ours too", DEFAULT_MODES, system)).toBe(false);
    expect(await readFile(path, "utf8")).toBe("ours");
  });
});
