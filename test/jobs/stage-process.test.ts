import { expect, test } from "bun:test";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../../src/config.ts";
import { stageFile } from "../../src/jobs/stage-process.ts";
import { createUploadId } from "../../src/schema/names.ts";
import { RAW, withKit } from "../ingest/kit.ts";

const main = join(import.meta.dir, "../../src/main.ts");

test("a file that somebody waits for is staged at the priority of who asked", () =>
  withKit(async ({ lake, folder }) => {
    const input = join(folder, "rows.csv");
    await writeFile(input, "text\n가나\n");
    // Tells the priority when the work is done: whoever lowers it does so while the process runs.
    const [program, told] = [join(folder, "program"), join(folder, "niceness")];
    await writeFile(
      program,
      `#!/bin/sh\n"${process.execPath}" "${main}" "$@"\ncode=$?\nnice >"${told}"\nexit $code\n`,
    );
    await chmod(program, 0o755);
    const manifest = await stageFile(input, RAW, {
      lake,
      settings: await loadSettings({ env: {}, cwd: folder, flags: { cache: join(folder, "cache") } }),
      selfCommand: [program],
      uploadId: createUploadId(),
      createdBy: "kim",
      signal: new AbortController().signal,
    });
    expect(manifest.rows).toBe(1);
    expect(Number(await readFile(told, "utf8"))).toBe(getPriority());
  }));
