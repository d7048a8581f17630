import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAM } from "../jobs/staging-kit.ts";

/**
 * A lake that version 0.1.0 made: partitions of one file, replaced, appended to, with deltas; images; labels; a failed
 * and a pending upload; a token; its catalog. Every later version opens it and goes on.
 */
const FIXTURE = join(import.meta.dir, "../fixtures/lake-0.1.0.tar.gz");

let folder: string;
let lake: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-older-"));
  lake = join(folder, "lake");
  const { exitCode } = Bun.spawnSync(["tar", "-xzf", FIXTURE, "-C", folder]);
  expect(exitCode).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...args: string[]) {
  const child = Bun.spawn([...PROGRAM, ...args, "--lake", lake, "--json"], {
    env: {
      ...process.env,
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      DATALAKE_SCRATCH: join(folder, "scratch"),
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const exit = await child.exited;
  return { exit, answer: stdout.startsWith("{") ? JSON.parse(stdout) : stdout, stderr };
}

async function texts(dataset: string, text: string): Promise<number> {
  return (await run("search", "--dataset", dataset, "--text", text, "--limit", "0")).answer.row_count;
}

test("a lake of version 0.1.0 is searched, processed, retried, appended to, replaced and rebuilt", async () => {
  const before = await run("catalog", "partitions");
  expect(before.exit).toBe(0);
  expect(before.answer.partitions.map((one: { rows: number }) => one.rows)).toEqual([3, 3, 602, 1, 3]);

  // Its catalog is of another format: said so, and built anew.
  const search = await run("search", "--text", "덧붙임");
  expect([search.exit, search.stderr]).toEqual([1, expect.stringMatching(/format 2.*catalog rebuild/)]);
  expect((await run("catalog", "rebuild")).exit).toBe(0);
  expect(await texts("lines", "덧붙임")).toBe(2);

  // What it left to be done: one upload is pending; one failed, for the page that its label names was not there.
  const page = join(folder, "more.jpg");
  await Bun.write(page, await Bun.file(join(import.meta.dir, "../fixtures/page.jpg")).bytes());
  const raw = ["--type", "raw", "--provider"];
  expect((await run("upload", page, ...raw, "aihub", "--dataset", "영수증", "--mode", "append")).exit).toBe(
    0,
  );
  const { answer: listed } = await run("process", "list", "--all");
  const failed = listed.uploads.find((upload: { status: string }) => upload.status === "failed");
  const done = await run("process", "start", "--wait");
  expect([done.exit, done.stderr]).toEqual([0, expect.any(String)]);
  expect((await run("process", "retry", failed.upload_id)).exit).toBe(0);
  expect((await run("process", "start", "--wait")).exit).toBe(0);
  expect(await texts("waiting", "다")).toBe(1);
  expect(await texts("영수증", "늦은")).toBe(1);

  // A base of its own name beside the old one's place, and deltas on both.
  const more = join(folder, "more.jsonl");
  await Bun.write(more, '{"text":"셋째 덧붙임","n":602}\n');
  for (const dataset of ["lines", "words"]) {
    for (const mode of ["append", "replace", "append"]) {
      const sent = await run("upload", more, ...raw, "hf", "--dataset", dataset, "--mode", mode, "--wait");
      expect([dataset, mode, sent.exit]).toEqual([dataset, mode, 0]);
      const expected = mode === "replace" ? 1 : undefined;
      if (expected !== undefined) expect(await texts(dataset, "덧붙임")).toBe(expected);
    }
    expect(await texts(dataset, "덧붙임")).toBe(2);
  }
  const rebuilt = await run("catalog", "rebuild", "--full");
  expect([rebuilt.exit, rebuilt.answer.rows]).toEqual([0, 4 + 3 + 1 + 2 + 1 + 1 + 2]);

  // Its tokens are taken over, its settings stand, nothing is wrong.
  const tokens = await run("token", "list");
  expect(tokens.answer.tokens.map(({ name, role }: { name: string; role: string }) => [name, role])).toEqual([
    ["kim", "curator"],
  ]);
  expect(
    (await run("config", "provider", "list")).answer.providers.map((one: { name: string }) => one.name),
  ).toEqual(["aihub", "hf"]);
  const doctor = await run("doctor", "--full");
  expect([doctor.exit, doctor.answer]).toEqual([0, expect.anything()]);
}, 120_000);
