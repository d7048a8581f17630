import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { examineLake } from "../../src/doctor/doctor.ts";
import { checkUpload, knownPartitions } from "../../src/ingest/local-destination.ts";
import { beginReceiving, expireReceiving } from "../../src/ingest/receive.ts";
import { retryUpload } from "../../src/jobs/staging.ts";
import { readUploadList } from "../../src/jobs/upload-list.ts";
import { createUploadLayout, type UploadLayout } from "../../src/lake/layout.ts";
import { countUploads, type UploadState } from "../../src/lake/staged-entries.ts";
import type { JobRecord } from "../../src/schema/job.ts";
import type { UploadList } from "../../src/schema/upload-list.ts";
import { createThumbs } from "../../src/server/page/thumbs.ts";
import { uploadListRoutes } from "../../src/server/routes/upload-list.ts";
import { codeOf } from "../code-of.ts";
import { accountOf, as, CURATOR, giveToTeam, isRoot, SERVER, TEAM } from "../server/accounts.ts";
import {
  fingerprintTree,
  makeImage,
  makeWorld,
  PROGRAM,
  readRows,
  runProgram,
  stageUpload,
  type World,
} from "./staging-kit.ts";

setDefaultTimeout(120_000);

const START = ["process", "start", "--wait", "--json"];
const noop = () => {};

let world: World;
let outside: string;
afterAll(() => rm(world.folder, { recursive: true, force: true }));

const place = (state: UploadState, name: string) => join(world.lake.layout[state], name);
const pipe = (path: string) => expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
const entry = (name: string, make: (path: string) => unknown, state: UploadState = "pending") => {
  return { name, state, make: () => make(place(state, name)) };
};

/** Something in staging of which no upload can be made: it stays as it is and is told. */
const STRANGE: Record<string, { name: string; state: UploadState; make: () => unknown }> = {
  "a file": entry(id(1), (path) => writeFile(path, "x")),
  "a file in processing": entry(id(2), (path) => writeFile(path, "x"), "processing"),
  "a file in failed": entry(id(3), (path) => writeFile(path, "x"), "failed"),
  "a file that begins as an upload": entry("u-readme.txt", (path) => writeFile(path, "x")),
  "a folder of another name": entry("unpacked", (path) => mkdir(join(path, "x"), { recursive: true })),
  "a link to nowhere": entry(id(4), (path) => symlink("/nowhere", path)),
  "a link to a folder outside": entry(id(5), (path) => symlink(outside, path)),
  "a link in processing": entry(id(6), (path) => symlink(outside, path), "processing"),
  "a link in failed": entry(id(7), (path) => symlink(outside, path), "failed"),
  "a pipe": entry(id(8), pipe),
  "a name that stands in failed too": entry(id(9), async (path) => {
    await mkdir(path);
    await mkdir(join(place("failed", id(9)), "x"), { recursive: true });
  }),
};
const BYTES = Buffer.from([0x75, 0xff, 0xfe]);

function id(number: number): string {
  return `u${String(number).padStart(32, "0")}`;
}

/** An upload's folder in which something is odd, and what becomes of it. */
const ODD: Record<
  string,
  { number: number; becomes: "completed" | "failed"; make: (staged: UploadLayout) => unknown }
> = {
  "upload.json is missing": odd(20, "failed", ({ manifest }) => rm(manifest.stagedAt)),
  "upload.json is a folder": odd(21, "failed", async ({ manifest }) => {
    await rm(manifest.stagedAt);
    await mkdir(join(manifest.stagedAt, "x"), { recursive: true });
  }),
  "upload.json is a pipe": odd(22, "failed", async ({ manifest }) => {
    await rm(manifest.stagedAt);
    pipe(manifest.stagedAt);
  }),
  "upload.json is a link": odd(23, "failed", async ({ manifest }) => {
    await rename(manifest.stagedAt, join(outside, "upload.json"));
    await symlink(join(outside, "upload.json"), manifest.stagedAt);
  }),
  "upload.json has 50 MB": odd(24, "failed", ({ manifest }) => truncate(manifest.stagedAt, 50_000_000)),
  "upload.json nests 5 million deep": odd(25, "failed", ({ manifest }) =>
    writeFile(manifest.stagedAt, "[".repeat(5_000_000)),
  ),
  "upload.json has 300,000 bad columns": odd(26, "failed", ({ manifest }) =>
    writeFile(manifest.stagedAt, JSON.stringify({ columns: Array(300_000).fill(0) })),
  ),
  "data.parquet is a folder": odd(27, "failed", async ({ rows }) => {
    await rm(rows.stagedAt);
    await mkdir(rows.stagedAt);
  }),
  "lease.json is a pipe": odd(28, "completed", ({ lease }) => pipe(lease.stagedAt)),
  "lease.json is a folder": odd(29, "completed", ({ lease }) =>
    mkdir(join(lease.stagedAt, "x"), { recursive: true }),
  ),
  "error.json is a folder": odd(30, "completed", ({ error }) =>
    mkdir(join(error.stagedAt, "x"), { recursive: true }),
  ),
  ".work is a link": odd(31, "completed", ({ folder }) => symlink(outside, join(folder, ".work"))),
  "error.json is a folder, and it fails": odd(32, "failed", async ({ error, rows }) => {
    await mkdir(join(error.stagedAt, "x"), { recursive: true });
    await writeFile(rows.stagedAt, "no rows");
  }),
};

function odd(number: number, becomes: "completed" | "failed", make: (staged: UploadLayout) => unknown) {
  return { number, becomes, make };
}

/** Everything that stays where it is. */
async function stillThere(): Promise<[string, boolean][]> {
  const looks = Object.entries(STRANGE).map(async ([what, { state, name }]): Promise<[string, boolean]> => {
    const there = await lstat(place(state, name)).then(
      () => true,
      () => false,
    );
    return [what, there];
  });
  return Promise.all(looks);
}

let job: JobRecord;
let exit: number | null;
let listed: UploadList;
let before: Record<string, string>;

beforeAll(async () => {
  world = await makeWorld();
  outside = join(world.folder, "outside");
  await mkdir(join(outside, "folder"), { recursive: true });
  await writeFile(join(outside, "precious"), "precious");
  await writeFile(join(outside, "folder", "precious"), "precious");
  for (const { make } of Object.values(STRANGE)) await make();
  await mkdir(Buffer.concat([Buffer.from(`${world.lake.layout.pending}/`), BYTES]));
  for (const { number, make } of Object.values(ODD)) {
    await stageUpload(world, [{ text: "a" }], {
      dataset: `odd${number}`,
      variant: "text",
      upload_id: id(number),
    });
    await make(createUploadLayout(place("pending", id(number))));
  }
  before = await fingerprintTree(outside);
  // The last in the queue: whatever stops a job stops it before this one.
  await stageUpload(world, [{ text: "good", name: "good.jpg", image: await makeImage(1) }], {
    upload_id: id(99),
  });
  const result = await runProgram(world, START);
  if (result.stdout === "") throw new Error(result.stderr);
  exit = result.exit;
  job = JSON.parse(result.stdout);
  listed = await readUploadList(world.lake, { completed: 100 });
});

test("the good upload is published, and each odd one becomes what it can", async () => {
  expect(await readRows(world)).toHaveLength(1);
  const outcomes = new Map(job.uploads.map((upload) => [upload.upload_id, upload]));
  const became = Object.entries(ODD).map(([what, { number }]) => [what, outcomes.get(id(number))?.status]);
  expect(became).toEqual(Object.entries(ODD).map(([what, { becomes }]) => [what, becomes]));
  expect([job.status, exit]).toEqual(["completed", 1]);
  const codes = job.uploads.map(({ error }) => error?.code).filter((code) => code !== undefined);
  expect(new Set(codes)).toEqual(new Set(["corrupt"]));
  const failed = listed.uploads.filter(({ upload_id, status }) => status === "failed" && upload_id !== id(9));
  expect(failed.map(({ upload_id, error }) => [upload_id, error?.code])).toEqual(
    Object.values(ODD)
      .filter(({ becomes }) => becomes === "failed")
      .map(({ number }) => [id(number), "corrupt"]),
  );
});

test("what is no upload stays where it is, and nothing outside is touched", async () => {
  expect(await stillThere()).toEqual(Object.keys(STRANGE).map((what) => [what, true]));
  expect(await fingerprintTree(outside)).toEqual(before);
  expect(await countUploads(world.lake)).toMatchObject({ pending: 0, processing: 0 });
});

test("process list tells each by its place, of folder and server alike, and doctor too", async () => {
  const told = listed.unusable.map(({ state, name }) => `${state}/${name}`);
  const places = Object.values(STRANGE).map(({ state, name }) => `${state}/${name}`);
  expect(told.toSorted()).toEqual([...places, "pending/u\uFFFD\uFFFD"].toSorted());
  expect(listed.unusable.every(({ problem }) => / (remove|move) /.test(problem))).toBe(true);
  const { lake, settings } = world;
  const thumbs = createThumbs({ selfCommand: PROGRAM, folder: join(world.folder, "thumbs") });
  const routes = uploadListRoutes({
    lake,
    settings,
    thumbs,
    selfCommand: PROGRAM,
    callerName: () => "somebody",
  });
  const answer = await routes.handle(new Request("http://lake/uploads"));
  expect(await answer.json()).toMatchObject({ unusable: listed.unusable });
  const { stdout } = await runProgram(world, ["process", "list"]);
  for (const { state, name } of listed.unusable) expect(stdout).toContain(`staging/${state}/${name} `);
  const found: string[] = [];
  const signal = new AbortController().signal;
  for await (const { name, details } of examineLake({
    lake,
    settings,
    full: false,
    signal,
    onProgress: noop,
  })) {
    if (name === "uploads") found.push(...((details?.places as string[]) ?? []));
  }
  for (const { state, name } of listed.unusable) {
    expect(found.filter((one) => one.startsWith(`staging/${state}/${name} `))).toHaveLength(1);
  }
});

test("others upload, and begin uploads through the server", async () => {
  const { lake } = world;
  const key = { provider: "hub", dataset: "next", task: "raw", variant: "text" };
  const columns = [{ name: "text", type: "VARCHAR" }];
  await checkUpload(lake, { key, mode: "create", columns, refersToRaw: false });
  expect((await knownPartitions(lake)).map(({ dataset }) => dataset)).toContain("pages");
  for (const name of [id(40), id(41), "README", id(42)])
    await writeFile(join(lake.layout.incoming, name), "x");
  await rm(join(lake.layout.incoming, id(41)));
  await symlink("/nowhere", join(lake.layout.incoming, id(41)));
  await rm(join(lake.layout.incoming, id(42)));
  await mkdir(createUploadLayout(join(lake.layout.incoming, id(42))).receiving.stagedAt, { recursive: true });
  const offer = { identity: "a".repeat(64), key, mode: "create" as const, columns, refers_to_raw: false };
  const begun = await beginReceiving(lake, offer, "kim");
  expect(await beginReceiving(lake, offer, "kim")).toBe(begun);
  expect(await expireReceiving(lake, Date.now() + 1000, 0)).toBe(1);
  expect((await readdir(lake.layout.incoming)).toSorted()).toEqual(["README", id(40), id(41), id(42)]);
});

test("a retry says why it cannot be, and the next one goes on", async () => {
  const { lake } = world;
  expect(await codeOf(retryUpload(lake, id(3)))).toBe("conflict");
  expect(await codeOf(retryUpload(lake, id(7)))).toBe("conflict");
  expect(await codeOf(retryUpload(lake, id(9)))).toBe("conflict");
  expect(await codeOf(retryUpload(lake, id(2)))).toBe("conflict");
  expect(await codeOf(retryUpload(lake, id(21)))).toBe("corrupt");
  expect(await codeOf(retryUpload(lake, id(23)))).toBe("corrupt");
  expect(await codeOf(retryUpload(lake, id(27)))).toBe("done");
  expect(await fingerprintTree(outside)).toEqual(before);
});

test("an upload that stands in processing too waits for that one", async () => {
  const twins = await makeWorld();
  const { pending, processing } = twins.lake.layout;
  await stageUpload(twins, [{ text: "a" }], { variant: "text", upload_id: id(1) });
  Bun.spawnSync(["cp", "-a", join(pending, id(1)), processing]);
  const { stdout } = await runProgram(twins, START);
  // Both are the same upload: it is published once.
  expect(JSON.parse(stdout)).toMatchObject({
    status: "completed",
    uploads: [{ status: "completed", rows: 1 }],
  });
  expect(await readRows(twins, "raw", "text")).toHaveLength(1);
  expect(await readdir(pending)).toEqual([]);
  await rm(twins.folder, { recursive: true });
});

test.skipIf(!isRoot)(
  "what belongs to others and cannot be moved is left, and a job of such alone has failed",
  async () => {
    const shared = await makeWorld();
    const { lake } = shared;
    const { pending } = lake.layout;
    const stage = (number: number) =>
      stageUpload(shared, [{ text: "a" }], { dataset: `d${number}`, variant: "text", upload_id: id(number) });
    for (const number of [1, 2, 3, 4]) await stage(number);
    await giveToTeam(shared);
    for (const number of [1, 2]) await chown(join(pending, id(number)), CURATOR, CURATOR);
    await chmod(join(pending, id(1)), 0o700);
    await chmod(join(pending, id(2)), 0o755);
    const frozen = Bun.spawnSync(["chattr", "+i", join(pending, id(3))]).exitCode === 0;
    if (!frozen) process.stderr.write("NOT RUN: this file system has no immutable folders\n");
    const left = frozen ? [id(1), id(2), id(3)] : [id(1), id(2)];
    try {
      const server = { ...shared, env: { ...shared.env, ...(await accountOf(shared, SERVER)) } };
      const first = await runProgram(server, START, as(SERVER));
      const job: JobRecord = JSON.parse(first.stdout);
      expect([first.exit, job.status]).toEqual([1, "completed"]);
      const outcomes = job.uploads.map(({ upload_id, status, left_in, error }) => [
        upload_id,
        status,
        left_in,
        error?.code,
      ]);
      expect(outcomes).toEqual([
        ...left.map((upload) => [upload, "failed", "pending", "permission_denied"]),
        ...(frozen ? [] : [[id(3), "completed", undefined, undefined]]),
        [id(4), "completed", undefined, undefined],
      ]);
      const list = await runProgram(server, ["process", "list", "--all", "--json"], as(SERVER));
      const { uploads } = JSON.parse(list.stdout) as UploadList;
      const told = uploads.filter(({ status }) => status === "pending");
      expect(told.map(({ upload_id, error }) => [upload_id, error?.code])).toEqual(
        left.map((upload) => [upload, "permission_denied"]),
      );
      expect(told[0]?.error?.message).toContain("chmod");
      const doctor = await runProgram(server, ["doctor"], as(SERVER));
      expect(doctor.exit).toBe(1);
      expect(doctor.stdout).toContain(`pending/${id(1)} (staging/pending/${id(1)} cannot be moved`);
      // Another account uploads beside them.
      const curator = { ...shared, env: { ...shared.env, ...(await accountOf(shared, CURATOR + 7)) } };
      const input = join(shared.folder, "input.jsonl");
      await writeFile(input, '{"text":"b"}\n');
      const flags = ["--type", "raw", "--provider", "hub", "--dataset", "next", "--json"];
      const uploaded = await runProgram(curator, ["upload", input, ...flags], as(CURATOR + 7));
      expect([uploaded.exit, uploaded.stderr]).toEqual([0, ""]);
      expect((await runProgram(server, START, as(SERVER))).exit).toBe(1);
      expect(await readdir(join(lake.layout.catalog, "provider=hub"))).toContain("dataset=next");
      // Nothing else is left to do: now the job itself has failed, with the reason of the first.
      const second: JobRecord = JSON.parse((await runProgram(server, START, as(SERVER))).stdout);
      expect(second).toMatchObject({ status: "failed", error: { code: "permission_denied" } });
      expect(await readFile(createUploadLayout(join(pending, id(1))).manifest.stagedAt, "utf8")).toContain(
        id(1),
      );
      for (const number of [1, 2]) await chown(join(pending, id(number)), SERVER, TEAM);
    } finally {
      if (frozen) Bun.spawnSync(["chattr", "-i", join(pending, id(3))]);
    }
    await rm(shared.folder, { recursive: true });
  },
);
