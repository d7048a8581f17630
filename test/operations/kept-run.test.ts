import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lake } from "../../src/lake/lake.ts";
import { readLastRun, runKept } from "../../src/operations/kept-run.ts";
import type { AnyOperation, OperationTools } from "../../src/operations/operation.ts";

const CHECK = {
  name: "check",
  keepsLast: (result: unknown) => result,
  run: async () => ({ result: "found" }),
} as unknown as AnyOperation;

test("a result that the lake cannot keep, as on a full disk, is given all the same", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kept-run-"));
  try {
    await writeFile(join(folder, "jobs"), "no folder");
    const told: string[] = [];
    const logger = { warn: (message: string) => told.push(message), debug: () => {} };
    const layout = { lastRun: (name: string) => join(folder, "jobs", `last-${name}.json`) };
    const lake = { layout } as unknown as Lake;
    const tools = { lake, logger } as unknown as OperationTools<unknown, unknown>;
    expect(await runKept(CHECK, {}, tools)).toEqual({ result: "found" });
    expect(told).toEqual(["the result of check is not kept"]);
    await rm(join(folder, "jobs"));
    await mkdir(join(folder, "jobs"));
    await runKept(CHECK, {}, tools);
    expect(await readLastRun(lake, CHECK)).toMatchObject({ result: "found" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
