/** The questions of `datalake upload`, asked of a lake behind a server. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KEYS, runAtTerminal } from "../cli/harness.ts";
import { makeImage, makeWorld } from "../jobs/staging-kit.ts";
import { startServe } from "../server/server-kit.ts";

setDefaultTimeout(120_000);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test("raw data, then labels, then more of it: the same questions, answered from what the server knows", async () => {
  const server = await startServe(await makeWorld());
  ends.push(() => server.stop("SIGKILL"));
  const folder = await mkdtemp(join(tmpdir(), "datalake-far-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const pages = join(folder, "쪽들");
  await mkdir(pages);
  for (const at of [1, 2, 3]) await writeFile(join(pages, `쪽 ${at}.jpg`), await makeImage(at));
  const labels = join(folder, "labels.jsonl");
  await writeFile(labels, '{"source_name": "쪽 1.jpg", "label": {"글": "가"}}\n');
  const env = {
    DATALAKE_SERVER: server.url,
    DATALAKE_CACHE: join(folder, "cache"),
    DATALAKE_SCRATCH: join(folder, "scratch"),
  };
  const raw = await runAtTerminal(
    ["upload", pages],
    [
      ["What is it?", KEYS.enter],
      ["Which provider?", KEYS.enter],
      ["Name of the new dataset?", KEYS.enter],
      ["Upload it?", KEYS.enter],
      ["Process it now", KEYS.enter],
    ],
    env,
  );
  expect({ exit: raw.exit, stderr: raw.stderr }).toMatchObject({ exit: 0 });
  expect(raw.stderr).toContain("Found images: 3 rows");
  expect(raw.stdout).toContain("3 rows");

  const task = await runAtTerminal(
    ["upload", labels],
    [
      ["What is it?", KEYS.enter],
      ["Which provider?", KEYS.enter],
      ["Which dataset?", KEYS.enter],
      ["Which task?", KEYS.enter],
      ["Name of the variant?", "words", KEYS.enter],
      ["Which lang?", KEYS.enter],
      ["Upload it?", KEYS.enter],
      ["Process it now", KEYS.enter],
    ],
    env,
  );
  expect({ exit: task.exit, stderr: task.stderr }).toMatchObject({ exit: 0 });

  await writeFile(join(pages, "쪽 4.jpg"), await makeImage(4));
  const more = await runAtTerminal(
    ["upload", pages, "--type", "raw", "--provider", "hub"],
    [
      ["Which dataset?", KEYS.down, KEYS.enter],
      ["What should be done with it?", KEYS.enter],
      ["Upload it?", KEYS.enter],
      ["Process it now", KEYS.down, KEYS.enter],
    ],
    env,
  );
  expect({ exit: more.exit, stderr: more.stderr }).toMatchObject({ exit: 0 });
  expect(more.stderr + more.stdout).toContain("3 files already in the lake");
  const { uploads } = (await (await fetch(`${server.url}/uploads`)).json()) as { uploads: object[] };
  expect(uploads).toMatchObject([
    { status: "pending", dataset: "쪽들", task: "raw", rows: 4 },
    { status: "completed", task: "ocr", rows: 1 },
    { status: "completed", task: "raw", variant: "image", rows: 3 },
  ]);
});
