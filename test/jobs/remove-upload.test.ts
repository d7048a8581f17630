/** An upload that was a mistake is taken back before it is stored: all of it, or nothing. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeUpload } from "../../src/jobs/remove-upload.ts";
import { claimUpload } from "../../src/jobs/staging.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { countUploads } from "../../src/lake/staged-entries.ts";
import { createToken } from "../../src/lake/tokens.ts";
import { codeOf } from "../code-of.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { makeImage, makeWorld, readRows, runProgram, stageUpload, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess | undefined;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(async () => {
  await server?.stop("SIGKILL");
  server = undefined;
  await rm(world.folder, { recursive: true, force: true });
});

const stage = async (dataset: string, by?: string): Promise<string> => {
  const id = await stageUpload(world, [{ text: "a", name: "a.jpg", image: await makeImage(1) }], { dataset });
  if (by !== undefined) {
    const { stagedAt } = createUploadLayout(join(world.lake.layout.pending, id)).manifest;
    await writeFile(stagedAt, JSON.stringify({ ...(await Bun.file(stagedAt).json()), created_by: by }));
  }
  return id;
};

test("a pending upload goes with all its files, and others are processed", async () => {
  const [wrong, right] = [await stage("wrong"), await stage("right")];
  const removed = await runProgram(world, ["process", "remove", wrong, "--json"]);
  expect({ exit: removed.exit, document: JSON.parse(removed.stdout) }).toMatchObject({
    exit: 0,
    document: { upload_id: wrong, dataset: "wrong", rows: 1, status: "removed" },
  });
  expect(await readdir(world.lake.layout.pending)).toEqual([right]);
  expect(await readdir(dirname(world.lake.layout.settled(wrong))).catch(() => [])).toEqual([]);
  const { exit } = await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  expect(exit).toBe(0);
  const stored = async (dataset: string) => (await readRows(world, "raw", "image", dataset)).length;
  expect([await stored("wrong"), await stored("right")]).toEqual([0, 1]);
  const log = await readdir(world.lake.layout.logs);
  const audit = await Promise.all(log.map((name) => Bun.file(join(world.lake.layout.logs, name)).text()));
  expect(audit.join("")).toContain(`process remove`);
});

test("a damaged upload is removed, one in work and one that is not there are not", async () => {
  const [damaged, claimed] = [await stage("damaged"), await stage("claimed")];
  await writeFile(createUploadLayout(join(world.lake.layout.pending, damaged)).manifest.stagedAt, "{");
  await claimUpload(world.lake, claimed);
  expect(await removeUpload(world.lake, damaged)).toMatchObject({ rows: null, status: "removed" });
  expect(await codeOf(removeUpload(world.lake, claimed))).toBe("conflict");
  expect(await codeOf(removeUpload(world.lake, damaged))).toBe("not_found");
  expect(await codeOf(removeUpload(world.lake, "../x"))).toBe("not_found");
  expect(await countUploads(world.lake)).toEqual({ pending: 0, processing: 1, failed: 0 });
});

test("a token takes back its own uploads, an administrator's everyone's", async () => {
  const [kim, lee, boss] = await Promise.all(
    (["kim", "lee", "boss"] as const).map(async (name) => {
      const role = name === "boss" ? ("admin" as const) : ("curator" as const);
      return (await createToken(world.tokens, { name, role, nowMs: Date.now(), expiresMs: undefined })).token;
    }),
  );
  const [first, second] = [await stage("first", "kim"), await stage("second", "kim")];
  server = await startServe(world);
  const remove = async (id: string, token: string | undefined) => {
    const headers = { authorization: `Bearer ${token}` };
    const url = `${server?.url}/uploads/${id}/remove`;
    const response = await fetch(url, { method: "POST", headers });
    const { status, error } = (await response.json()) as { status?: string; error?: { code: string } };
    return status ?? error?.code;
  };
  expect(await remove(first, lee)).toBe("forbidden");
  expect(await remove(first, kim)).toBe("removed");
  expect(await remove(second, boss)).toBe("removed");
  expect(await countUploads(world.lake)).toMatchObject({ pending: 0 });
});
