import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgram } from "./program.ts";
import { runPython } from "./python.ts";

setDefaultTimeout(300_000); // more than 2 GB are written, on a machine that may be busy elsewhere

/** Few images on many rows: the dataset is large, the lake is not. */
const [IMAGES, ROWS] = [20, 2500];

test("a dataset of more than 2 GB loads, each row with its image", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-large-"));
  try {
    const program = createProgram(folder);
    const at = ["--provider", "aihub", "--dataset", "noise"];
    await runPython("datasets-newest", "large_dataset.py", "make", folder, String(IMAGES), String(ROWS));
    await program.run("init");
    await program.run("config", "provider", "create", "aihub", "--description", "test data");
    await program.run("config", "task", "create", "noise", "--description", "test data");
    await program.run("upload", "scans", "--type", "raw", ...at, "--verify", "header");
    await program.run(
      "upload",
      "labels.jsonl",
      "--type",
      "task",
      ...at,
      "--task",
      "noise",
      "--variant",
      "words",
    );
    await program.run("process", "start", "--wait");
    const output = ["--output", "large", "--format", "dataset", "--images", "embed", "--json"];
    const { rows, bytes, files } = JSON.parse(await program.run("download", "--task", "noise", ...output));
    expect(rows).toBe(ROWS);
    expect(bytes).toBeGreaterThan(2 ** 31);

    const seen = JSON.parse(
      await runPython("datasets-newest", "large_dataset.py", "check", join(folder, "large")),
    );
    expect(seen).toMatchObject({ len: ROWS, shards: files.length, first: [700, 640], last: [700, 640] });
    expect(seen).toMatchObject({ rows: true, equal: true });
    expect(seen.bytes).toBeGreaterThan(2 ** 31);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
