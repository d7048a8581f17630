import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { closeSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import * as v from "valibot";
import { AppError } from "../../src/errors.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { acquireLease, inspectLease } from "../../src/lake/lease.ts";
import { DEFAULT_MODES } from "../../src/lake/modes.ts";
import {
  MANIFEST_BYTES,
  openStaged,
  openStagedSync,
  readStagedJson,
  readStagedSync,
} from "../../src/lake/staged-file.ts";
import { removeStaged, writeStagedJson } from "../../src/lake/staged-folder.ts";
import { touchUploadLease, writeUploadLease } from "../../src/lake/upload-lease.ts";

const root = await mkdtemp(join(tmpdir(), "staged-"));
afterAll(() => rm(root, { recursive: true, force: true }));

const HASH = "ab".repeat(32);
let count = 0;
let staging = "";
let layout = createUploadLayout("");

beforeEach(async () => {
  staging = join(root, `lake-${count++}`, "staging");
  layout = createUploadLayout(join(staging, "pending", "u1"));
  await mkdir(join(layout.files, "ab"), { recursive: true });
  await writeFile(layout.file(HASH).stagedAt, "content");
});

async function makePipe(path: string): Promise<void> {
  await rm(path, { force: true });
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
}

/** What both ways of opening say, which is the same. */
async function refusal(maxBytes = 100): Promise<string> {
  const place = layout.file(HASH);
  const sync = await Promise.resolve()
    .then(() => closeSync(openStagedSync(place, { maxBytes }).fd))
    .then(() => "opened", problemOf);
  const other = await openStaged(place, { maxBytes }).then(async (file) => {
    await file.close();
    return "opened";
  }, problemOf);
  expect(other).toBe(sync);
  return sync;
}

function problemOf(error: unknown): string {
  if (error instanceof AppError) return `${error.code}: ${error.details?.problem}`;
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

describe("a staged file", () => {
  test("is read from its descriptor, whatever takes its name", async () => {
    const place = layout.file(HASH);
    const file = await openStaged(place, { maxBytes: 100 });
    await unlink(place.stagedAt);
    await writeFile(place.stagedAt, "something else");
    expect(await readFile(file.openPath, "utf8")).toBe("content");
    expect(Buffer.from(readStagedSync(file)).toString()).toBe("content");
    await truncate(file.openPath, 3);
    expect(readStagedSync(file).length).toBe(3);
    await file.close();
  });

  test("is a regular file of bounded size", async () => {
    const path = layout.file(HASH).stagedAt;
    expect(await refusal()).toBe("opened");
    expect(await refusal(6)).toBe("corrupt: has 7 bytes where at most 6 are read");
    await rename(path, join(root, "elsewhere"));
    expect(await refusal()).toBe("ENOENT");
    for (const target of [join(root, "elsewhere"), "/dev/zero", "nowhere"]) {
      await symlink(target, path);
      expect(await refusal()).toBe("corrupt: is a symbolic link, not a file");
      await unlink(path);
    }
    await makePipe(path);
    expect(await refusal()).toBe("corrupt: is a pipe, not a file");
    await unlink(path);
    await mkdir(path);
    expect(await refusal()).toBe("corrupt: is a folder, not a file");
  });

  test("has no link above it, down from staging", async () => {
    const away = join(root, `away-${count}`);
    for (const folder of [join(layout.files, "ab"), layout.files, layout.folder, join(staging, "pending")]) {
      await rename(folder, away);
      await symlink(away, folder);
      expect(await refusal()).toBe(
        `corrupt: is behind the symbolic link ${relative(dirname(staging), folder)}`,
      );
      await unlink(folder);
      await rename(away, folder);
    }
    expect(await refusal()).toBe("opened");
    // The lake itself may lie behind some.
    await rename(staging, away);
    await symlink(away, staging);
    expect(await refusal()).toBe("opened");
  });

  test("of JSON is refused above a size that no manifest has", async () => {
    expect(await readStagedJson(layout.manifest, v.object({}))).toBeUndefined();
    await writeFile(layout.manifest.stagedAt, '{"rows":1}');
    expect(await readStagedJson(layout.manifest, v.object({ rows: v.number() }))).toEqual({ rows: 1 });
    await truncate(layout.manifest.stagedAt, MANIFEST_BYTES + 1);
    expect(await readStagedJson(layout.manifest, v.object({})).catch(problemOf)).toStartWith("corrupt: has ");
  });
});

describe("the lease of an upload", () => {
  const holder = { id: "1", host: "h", machine: "", boot_id: "", pid_space: "", pid: 1, started: "" };
  const described = { ...holder, purpose: "work", acquired_at: "" };

  test("takes the place of a link, a pipe or a folder and writes through none", async () => {
    const { lease } = layout;
    const victim = join(root, "victim");
    await writeFile(victim, "precious");
    const odd = [
      () => symlink(victim, lease.stagedAt),
      () => makePipe(lease.stagedAt),
      () => mkdir(join(lease.stagedAt, "x"), { recursive: true }),
    ];
    for (const make of odd) {
      await make();
      await writeUploadLease(lease, described, 0o664);
      await touchUploadLease(lease);
      expect(JSON.parse(await readFile(lease.stagedAt, "utf8"))).toEqual(described);
      await unlink(lease.stagedAt);
    }
    expect(await readFile(victim, "utf8")).toBe("precious");
  });

  test("and what else is ours is not written to a folder that took the place of the upload's", async () => {
    const outside = join(root, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "error.json"), "precious");
    await rename(layout.folder, join(root, "away"));
    await symlink(outside, layout.folder);
    const refused = (work: Promise<unknown>) => work.then(() => "done", problemOf);
    expect(await refused(writeUploadLease(layout.lease, described, 0o664))).toStartWith("corrupt");
    expect(await refused(writeStagedJson(layout.error, {}, DEFAULT_MODES))).toStartWith("corrupt");
    expect(await refused(removeStaged(layout.error))).toStartWith("corrupt");
    expect(await readdir(outside)).toEqual(["error.json"]);
    await unlink(layout.folder);
    await rename(join(root, "away"), layout.folder);
    await writeStagedJson(layout.error, { code: "x" }, DEFAULT_MODES);
    expect(JSON.parse(await readFile(layout.error.stagedAt, "utf8"))).toMatchObject({ code: "x" });
    await removeStaged(layout.error);
    expect(await readdir(layout.folder)).toEqual(["files"]);
  });
});

describe("a lease of the lake", () => {
  test("is taken where a link or a pipe stands, which nobody holds", async () => {
    const victim = join(root, "victim-2");
    await writeFile(victim, "precious");
    const path = join(staging, ".process.lease");
    for (const make of [(target: string) => symlink(victim, target), makePipe]) {
      await make(path);
      expect((await inspectLease(path))?.alive).toBe(false);
      const lease = await acquireLease(path, { purpose: "test" });
      expect((await inspectLease(path))?.holder.purpose).toBe("test");
      await lease.release();
    }
    await mkdir(path);
    const acquired = acquireLease(path, { purpose: "test" });
    expect(await acquired.catch((error) => [error.code, error.message])).toEqual([
      "conflict",
      `${path} is a folder where a lease should be; remove it`,
    ]);
    expect(await readFile(victim, "utf8")).toBe("precious");
  });
});
