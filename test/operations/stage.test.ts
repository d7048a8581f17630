import { expect, test } from "bun:test";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../../src/config.ts";
import { silentLogger } from "../../src/log.ts";
import { REBUILD } from "../../src/operations/rebuild/operation.ts";
import { STAGE } from "../../src/operations/stage/operation.ts";
import { createUploadId } from "../../src/schema/names.ts";
import { createOperationRuns } from "../../src/server/work/operation-runs.ts";
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
    const runs = createOperationRuns(STAGE, {
      lake,
      settings: await loadSettings({ env: {}, cwd: folder, flags: { cache: join(folder, "cache") } }),
      selfCommand: [program],
      logger: silentLogger,
      folder: join(folder, "runs"),
    });
    const local = { path: input, uploadId: createUploadId(), createdBy: "kim" };
    const { signal } = new AbortController();
    const { manifest } = await runs.run(RAW, { identity: "kim" }, { signal, local });
    expect(manifest.rows).toBe(1);
    expect(Number(await readFile(told, "utf8"))).toBe(getPriority());
  }));

test("what a stopping server gives up is told so, not as cancelled by its client", () =>
  withKit(async ({ lake, folder }) => {
    const runs = createOperationRuns(REBUILD, {
      lake,
      settings: await loadSettings({ env: {}, cwd: folder, flags: { cache: join(folder, "cache") } }),
      // The child does nothing until it is told to stop.
      selfCommand: ["sh", "-c", "exec cat > /dev/null", "sh"],
      logger: silentLogger,
      folder: join(folder, "runs"),
    });
    const { signal } = new AbortController();
    const run = () => runs.run({ full: false }, { identity: "kim" }, { signal });
    const ends = Promise.allSettled(Array.from({ length: 9 }, run));
    await expect(run()).rejects.toMatchObject({ code: "busy" });
    await runs.close();
    for (const end of await ends) {
      expect(end).toMatchObject({ status: "rejected", reason: { code: "shutting_down" } });
    }
  }));
