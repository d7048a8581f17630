/** The build that has LanceDB's library: made as the manual says, it writes what the sources write. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { runCommand } from "../binary/binary.ts";
import { readLanceRows } from "../export/read-back.ts";
import { makeTrainerLake } from "./kit.ts";

setDefaultTimeout(300_000);

const root = resolve(import.meta.dir, "../..");
const binary = join(root, "dist", "datalake-lance");

let lake: Awaited<ReturnType<typeof makeTrainerLake>>;

beforeAll(async () => {
  lake = await makeTrainerLake();
});
afterAll(async () => {
  lake.client.close();
  await rm(lake.folder, { recursive: true, force: true });
});

test("bun run build --lance", async () => {
  const env = { ...(process.env as Record<string, string>) };
  const build = await runCommand([process.execPath, "build.ts", "--lance"], { cwd: root, env });
  expect([build.code, build.stdout]).toEqual([0, expect.stringContaining("dist/datalake-lance: ")]);
  const { output } = await lake.download("lance");
  const other = join(lake.folder, "by-the-build");
  const argv = ["download", "--task", "ocr", "--format", "lance", "--output", other];
  const run = await runCommand([binary, ...argv, "--lake", lake.lake], { cwd: lake.folder });
  expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
  expect(await readLanceRows(other)).toEqual(await readLanceRows(output));
  const help = await runCommand([binary, "download", "--help"], { cwd: lake.folder });
  expect(help.stdout).not.toContain("not in this build");
});
