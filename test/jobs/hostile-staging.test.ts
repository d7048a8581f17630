import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, rename, rm, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openTempFolder } from "../../src/assets/temp-folder.ts";
import { listStaged } from "../../src/jobs/staged-uploads.ts";
import { machineName } from "../../src/lake/account.ts";
import { recordAudit } from "../../src/lake/audit.ts";
import { createUploadLayout, type UploadLayout } from "../../src/lake/layout.ts";
import { openLogFile } from "../../src/lake/log-file.ts";
import { openStaged } from "../../src/lake/staged-file.ts";
import { quoteText } from "../../src/query/sql.ts";
import type { UploadOutcome } from "../../src/schema/job.ts";
import {
  fingerprintTree,
  makeImage,
  makeWorld,
  runProgram,
  sha256,
  stageUpload,
  type World,
  withDatabase,
} from "./staging-kit.ts";

setDefaultTimeout(120_000);

interface Attack {
  name: string;
  /** What the curator does to his staged upload; `outside` is a folder that the server may change and he may not. */
  make(upload: UploadLayout, outside: string): Promise<unknown>;
  /** A part of the reason it fails for; undefined for one that is processed as if nothing were. */
  reason: string | undefined;
}

const replaceBy = async (path: string, make: (path: string) => unknown) => {
  await rm(path, { recursive: true, force: true });
  await make(path);
};
const pipe = (path: string) => Bun.spawnSync(["mkfifo", path]);
const linkTo = (target: string) => (path: string) => symlink(target, path);

const IMAGE = await makeImage(1);
const content = (upload: UploadLayout) => upload.file(sha256(IMAGE)).stagedAt;

const ATTACKS: Attack[] = [
  {
    name: "a content that is a pipe",
    make: (upload) => replaceBy(content(upload), pipe),
    reason: "is a pipe",
  },
  {
    name: "a content that never ends",
    make: (upload) => replaceBy(content(upload), linkTo("/dev/zero")),
    reason: "is a symbolic link",
  },
  {
    name: "a content that is a link to the same bytes elsewhere",
    make: async (upload, outside) => {
      await writeFile(join(outside, "own.jpg"), IMAGE, { mode: 0o600 });
      await replaceBy(content(upload), linkTo(join(outside, "own.jpg")));
    },
    reason: "is a symbolic link",
  },
  {
    name: "files/ that is a link to a folder elsewhere",
    make: async (upload, outside) => {
      await rename(upload.files, join(outside, "files"));
      await symlink(join(outside, "files"), upload.files);
    },
    reason: "is behind the symbolic link",
  },
  {
    name: "rows that are a pipe",
    make: ({ rows }) => replaceBy(rows.stagedAt, pipe),
    reason: "data.parquet is a pipe",
  },
  {
    name: "rows that are a link to rows elsewhere",
    make: async ({ rows }, outside) => {
      await rename(rows.stagedAt, join(outside, "secret.parquet"));
      await symlink(join(outside, "secret.parquet"), rows.stagedAt);
    },
    reason: "data.parquet is a symbolic link",
  },
  {
    name: "a lease that is a link to a file elsewhere",
    make: ({ lease }, outside) => replaceBy(lease.stagedAt, linkTo(join(outside, "precious"))),
    reason: undefined,
  },
  {
    name: "a lease that is a pipe",
    make: ({ lease }) => replaceBy(lease.stagedAt, pipe),
    reason: undefined,
  },
  {
    name: "a folder for work that is a link to a folder elsewhere",
    make: ({ folder }, outside) => symlink(outside, join(folder, ".work")),
    reason: undefined,
  },
  {
    name: "an old error that is a link to a file elsewhere",
    make: ({ error }, outside) => replaceBy(error.stagedAt, linkTo(join(outside, "precious"))),
    reason: undefined,
  },
];

async function stageAttack(world: World, at: number, outside: string): Promise<string> {
  const rows = [{ text: "row", name: "1.jpg", image: IMAGE }];
  const id = await stageUpload(world, rows, { dataset: `attack-${at}` });
  const folder = join(outside, String(at));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "precious"), "precious", { mode: 0o600 });
  await ATTACKS[at]?.make(createUploadLayout(world.lake.layout.upload("pending", id)), folder);
  return id;
}

test("whatever a curator makes of his upload, only he fails, and nothing elsewhere is read or changed", async () => {
  const world = await makeWorld();
  const outside = join(world.folder, "outside");
  const ids: string[] = [];
  for (const at of ATTACKS.keys()) ids.push(await stageAttack(world, at, outside));
  const good = await stageUpload(world, [{ text: "row", name: "1.jpg", image: IMAGE }], { dataset: "good" });
  const [before, modes] = [await fingerprintTree(outside), await modesIn(outside)];

  const job = JSON.parse((await runProgram(world, ["process", "start", "--wait", "--json"])).stdout);
  const outcomes = new Map<string, UploadOutcome>(
    job.uploads.map((one: UploadOutcome) => [one.upload_id, one]),
  );
  expect(job.status).toBe("completed");
  expect(outcomes.get(good)).toMatchObject({ status: "completed", rows: 1 });
  for (const [at, { name, reason }] of ATTACKS.entries()) {
    const outcome = outcomes.get(ids[at] ?? "");
    const told = { name, status: outcome?.status, message: outcome?.error?.message ?? "" };
    expect(told).toMatchObject({ status: reason === undefined ? "completed" : "failed" });
    expect(told.message).toContain(reason ?? "");
  }
  expect(await fingerprintTree(outside)).toEqual(before);
  expect(await modesIn(outside)).toEqual(modes);
  expect(await linksIn(world.lake.layout.assets)).toEqual([]);
  const report = await runProgram(world, ["doctor", "--full", "--json"]);
  const wrong = JSON.parse(report.stdout).checks.filter((one: { status: string }) => one.status !== "ok");
  expect(wrong.map((one: { name: string }) => one.name)).toEqual(["uploads"]); // they have failed, and are told
});

async function modesIn(folder: string): Promise<Record<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const modes = paths.map(async (path) => [path, (await stat(path)).mode & 0o777] as const);
  return Object.fromEntries(await Promise.all(modes));
}

async function linksIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name);
}

test("manifests and reasons that are pipes or never end keep nobody from listing uploads", async () => {
  const world = await makeWorld();
  const { layout } = world.lake;
  for (const [at, make] of [pipe, linkTo("/dev/zero")].entries()) {
    for (const [place, state] of (["pending", "failed"] as const).entries()) {
      const upload = createUploadLayout(layout.upload(state, `u${String(at * 2 + place).repeat(32)}`));
      await mkdir(upload.folder);
      await make(upload.manifest.stagedAt);
      await make(upload.error.stagedAt);
    }
  }
  const listed = await listStaged(world.lake, ["pending", "failed"]);
  expect(listed.map(({ manifest, failure }) => [manifest, failure])).toEqual(
    Array(4).fill([undefined, undefined]),
  );
});

test("rows that are exchanged after they were opened are not read", async () => {
  const world = await makeWorld();
  const stage = (count: number) =>
    stageUpload(
      world,
      Array.from({ length: count }, (_, at) => ({ text: `${at}` })),
    );
  const layouts = [await stage(2), await stage(3)].map((id) =>
    createUploadLayout(world.lake.layout.upload("pending", id)),
  );
  const [victim, other] = layouts as [UploadLayout, UploadLayout];
  const rows = await openStaged(victim.rows, { maxBytes: 1e9 });
  await rename(other.rows.stagedAt, victim.rows.stagedAt);
  const [counted] = await withDatabase(world, (database) =>
    database.rows(`SELECT count(*) AS rows FROM read_parquet(${quoteText(rows.openPath)})`),
  );
  await rows.close();
  expect(counted).toEqual({ rows: 2 });
});

test("a temp folder of the assets that is a link is not followed", async () => {
  const world = await makeWorld();
  const key = { provider: "hub", dataset: "pages" };
  const assets = world.lake.layout.datasetAssets(key);
  const outside = join(world.folder, "outside");
  await mkdir(assets, { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "keep"), "x");
  await symlink(outside, join(assets, ".tmp"));
  await symlink(outside, join(assets, ".tmp-0123abcd"));
  const { path } = await openTempFolder(world.lake, key);
  expect(await readdir(outside)).toEqual(["keep"]);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect((await readdir(assets)).map((name) => join(assets, name))).toEqual([path]);
});

test("a log or an audit file that is a link or a pipe is not written", async () => {
  const world = await makeWorld();
  const { layout } = world.lake;
  const victim = join(world.folder, "victim");
  await writeFile(victim, "precious");
  const entry = { who: "kim", from: "local", action: "upload", target: "u1", outcome: "ok" };
  await recordAudit(world.lake, entry);
  const [name = ""] = await readdir(layout.logs);
  for (const make of [linkTo(victim), pipe]) {
    for (const path of [join(layout.logs, name), layout.log(machineName())]) await replaceBy(path, make);
    expect(await recordAudit(world.lake, entry).catch((error) => error.code)).toBe("conflict");
    openLogFile(layout.log(machineName()), { maxBytes: 100, keep: 2 }).write("line\n");
  }
  expect(await readFile(victim, "utf8")).toBe("precious");
  await unlink(join(layout.logs, name));
  await recordAudit(world.lake, entry);
  expect(JSON.parse(await readFile(join(layout.logs, name), "utf8"))).toMatchObject(entry);
});
