import { expect, test } from "bun:test";
import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../../src/lake/files.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import { openLogFile } from "../../src/lake/log-file.ts";
import { probeMount } from "../../src/lake/mount.ts";
import { openDatabase } from "../../src/query/database.ts";
import { PROGRAM } from "../jobs/staging-kit.ts";
import { mountTwo, type TwoMounts } from "../rigs/fuse/two-mounts.ts";
import { startServe } from "../server/server-kit.ts";
import { succeed, worldOn } from "./mount-kit.ts";

/** On mounts that behave as SMB: a name that is renamed over while somebody has it open is lost when he closes it. */

test("the probe tells what three kinds of mounts can do", async () => {
  for (const [behaviour, renameOverOpen, modes] of [
    ["plain", "safe", true],
    ["smb", "lost", false],
    ["stale", "safe", true],
  ] as const) {
    await using mounts = await mountTwo({ behaviour });
    expect(await probeMount(mounts.a.at)).toMatchObject({
      type: `fuse.${behaviour}`,
      isFuse: true,
      hardLink: "yes",
      exclusiveCreate: true,
      renameOpen: true,
      renameOverOpen,
      modes,
      caseSensitive: behaviour !== "smb",
    });
    expect(await readdir(mounts.backing)).toEqual([]);
  }
});

test("leases, logs and settings that somebody has open are released, rotated and changed", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const a = mounts.a.at;
  const lease = join(a, ".process.lease");
  for (let round = 0; round < 2; round++) {
    const held = await acquireLease(lease, { purpose: "a test" });
    const monitor = await open(lease);
    await held.release();
    await (await acquireLease(lease, { purpose: "the next" })).release();
    await monitor.close();
  }

  const log = openLogFile(join(a, "datalake.log"), { maxBytes: 10, keep: 2 });
  log.write("aaaa\nbbbb\n");
  const tails = [await open(join(a, "datalake.log"))];
  log.write("cccc\ndddd\n");
  tails.push(await open(join(a, "datalake.log.1")), await open(join(a, "datalake.log")));
  log.write("eeee\n");
  for (const tail of tails) await tail.close();
  expect(await readFile(join(a, "datalake.log"), "utf8")).toBe("eeee\n");
  expect(await readFile(join(a, "datalake.log.1"), "utf8")).toBe("cccc\ndddd\n");

  const world = worldOn(mounts);
  await succeed(world, "init", world.lake);
  const editor = await open(join(a, "lake/config/schema.yaml"));
  await succeed(world, "config", "provider", "create", "aihub");
  await succeed(world, "config", "task", "create", "ocr", "--required", "lang", "--allow", "lang=ko,en");
  await editor.close();
  await succeed(world, "config", "provider", "create", "hf");
  const schema = await readFile(join(mounts.backing, "lake/config/schema.yaml"), "utf8");
  for (const word of ["aihub", "ocr", "ko", "hf"]) expect(schema).toContain(word);
  expect(await hiddenIn(mounts)).toEqual([]);
});

test("settings whose writer was killed between its two steps are back for who asks by another mount", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const world = worldOn(mounts);
  await succeed(world, "init", world.lake);
  await succeed(world, "config", "provider", "create", "aihub");
  const schema = join(mounts.backing, "lake/config/schema.yaml");
  const hold = await mounts.a.hold("lake/config/schema.yaml");
  const editor = await open(join(world.lake, "config/schema.yaml"));
  const writer = Bun.spawn([...PROGRAM, "config", "provider", "create", "hf"], {
    env: { ...process.env, ...world.env },
    stdio: ["ignore", "ignore", "ignore"],
  });
  await hold.held;
  expect(await exists(schema)).toBe(false);
  writer.kill("SIGKILL");
  const there = { ...world, env: { ...world.env, DATALAKE_LAKE: join(mounts.b.at, "lake") } };
  expect(await succeed(there, "config", "provider", "list")).toContain("aihub");
  await hold.release();
  await editor.close();
  expect(await readFile(schema, "utf8")).toContain("aihub");
  await succeed(there, "config", "provider", "create", "other");
  const text = await readFile(schema, "utf8");
  for (const word of ["aihub", "other"]) expect(text).toContain(word);
});

test("a server and its readers see what is published while they have the catalog open, and keep it afterwards", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const world = worldOn(mounts);
  await succeed(world, "init", world.lake);
  await succeed(world, "config", "provider", "create", "hf");
  const upload = async (dataset: string) => {
    const input = join(mounts.scratch, `${dataset}.jsonl`);
    await writeFile(input, '{"text":"하나"}\n{"text":"둘"}\n');
    const to = ["--provider", "hf", "--dataset", dataset, "--type", "raw"];
    await succeed(world, "upload", input, ...to, "--process", "--wait");
  };
  const server = await startServe({ env: world.env } as Parameters<typeof startServe>[0]);
  try {
    const count = async () => {
      const answer = await fetch(`${server.url}/search`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      return ((await answer.json()) as { row_count: number }).row_count;
    };
    await upload("one");
    expect(await count()).toBe(2);
    const jobs = await readdir(join(world.lake, "jobs"));
    const monitors = await Promise.all(jobs.map((name) => open(join(world.lake, "jobs", name))));
    const reader = await openDatabase({
      path: join(world.lake, "catalog.duckdb"),
      readOnly: true,
      scratch: mounts.scratch,
    });
    await upload("two");
    expect(await count()).toBe(4);
    expect(await reader.rows("SELECT count(*) AS rows FROM catalog")).toEqual([{ rows: 2 }]);
    await succeed(world, "catalog", "rebuild", "--full");
    expect(await count()).toBe(4);
    reader.close();
    for (const monitor of monitors) await monitor.close();
  } finally {
    await server.stop();
  }
  expect(server.stderr()).not.toMatch(/EACCES|rebuilding the catalog/);
  const onDisk = await openDatabase({
    path: join(mounts.backing, "lake/catalog.duckdb"),
    readOnly: true,
    scratch: mounts.scratch,
  });
  expect(await onDisk.rows("SELECT count(*) AS rows FROM catalog")).toEqual([{ rows: 4 }]);
  onDisk.close();
  expect(await succeed(world, "doctor")).toContain("is fine");
});

/** What is on its way, or was left, on the server's disk. */
async function hiddenIn({ backing }: TwoMounts): Promise<string[]> {
  const names = await readdir(backing, { recursive: true });
  return names.filter((name) => /\.(?:prev|gone|tmp|probe)-/.test(name));
}
