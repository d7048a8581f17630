import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, explainFullScratch, toAppError } from "../src/errors.ts";
import { readFailure } from "../src/ingest/read-failure.ts";
import { openDatabase } from "../src/query/database.ts";

function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: something, write`), {
    code,
    ...(path === undefined ? {} : { path }),
  });
}

test("a system error becomes a sentence that says where and what to do", async () => {
  const missing = toAppError(await readFile("/no/such/file").catch((error: unknown) => error));
  expect(missing).toMatchObject({
    code: "not_found",
    exit: 4,
    details: { errno: "ENOENT", path: "/no/such/file" },
  });
  expect(missing.message).toContain("/no/such/file");
  for (const [errno, code] of [
    ["ENOSPC", "no_space"],
    ["EDQUOT", "no_space"],
    ["EACCES", "permission_denied"],
    ["EIO", "io"],
  ] as const) {
    const error = toAppError(systemError(errno, "/lake/x"));
    expect(error.code).toBe(code);
    expect(error.message).toContain("; ");
    expect(error.cause).toBeInstanceOf(Error);
  }
});

test("where there is no space is where a copy was to go, not where it came from", () => {
  const copy = Object.assign(systemError("ENOSPC", "/scratch/x"), { dest: "/lake/x" });
  expect(toAppError(copy)).toMatchObject({ code: "no_space", details: { path: "/lake/x" } });
  expect(toAppError(systemError("ENOSPC"), "/scratch")).toMatchObject({ details: { path: "/scratch" } });
});

test("what cannot be made is told by the folder where it was to be", () => {
  const made = (path: string, syscall: string) =>
    toAppError(Object.assign(systemError("EACCES", path), { syscall })).message.split(" ")[0];
  expect(made("/lake/staging/...process.lease.tmp-9c2c.tmp-470d", "open")).toBe("/lake/staging");
  expect(made("/lake/staging/.incoming/u1", "mkdir")).toBe("/lake/staging/.incoming");
  expect(made("/lake/config/schema.yaml", "open")).toBe("/lake/config/schema.yaml");
});

test("what the disk tells the engine is told as of the disk, whatever the engine makes of it", async () => {
  const scratch = await mkdtemp(join(tmpdir(), "datalake-errors-"));
  const database = await openDatabase({ scratch, memory: "100MB", threads: 1 });
  const rows = "SELECT repeat(i::VARCHAR, 1000) AS t FROM range(100000) r(i)";
  const full = await database.run(`COPY (${rows}) TO '/dev/full' (FORMAT csv)`).catch((error) => error);
  database.close();
  await rm(scratch, { recursive: true });
  expect(toAppError(full)).toMatchObject({
    code: "no_space",
    message: "no space is left on the disk of /dev/full; free some and run it again",
  });
  expect(readFailure(full, "rows.csv")).toBe(full);
  for (const [message, code] of [
    [
      `TransactionContext Error: Failed to commit: Could not write file "/s/c": No space left on device`,
      "no_space",
    ],
    [
      `FATAL Error: Failed to create checkpoint because of error: Could not write file "/s/c": Disk quota exceeded`,
      "no_space",
    ],
    [`IO Error: Cannot open file "/lake/x": Permission denied`, "permission_denied"],
    [`IO Error: Could not read from file "/lake/x": Input/output error`, "io"],
    [`Conversion Error: the text "x: Permission denied" is no number`, "internal"],
  ] as const)
    expect(toAppError(new Error(message)).code).toBe(code);
  // A full scratch folder during a checkpoint: the database has a name too, which is no place.
  const checkpoint =
    'IO Error: Checkpoint failed for database "work". The database has been invalidated. Original error: Could not write file "/s/catalog-1.work": No space left on device';
  expect(toAppError(new Error(checkpoint)).details).toEqual({ errno: "ENOSPC", path: "/s/catalog-1.work" });
  expect(toAppError(explainFullScratch(new Error(checkpoint), "/s")).message).toContain(
    "the scratch folder /s",
  );
});

test("an AppError stays what it is, anything else is internal", () => {
  const known = new AppError("conflict", "two at once; wait");
  expect(toAppError(known)).toBe(known);
  expect(toAppError("text")).toMatchObject({ code: "internal", exit: 1 });
  expect(toAppError(new DOMException("stop", "AbortError"))).toMatchObject({ code: "cancelled", exit: 130 });
});

test("of a full scratch disk the folder is named and what to do, of another disk nothing changes", () => {
  const full = (path: string) => Object.assign(new Error("ENOSPC"), { code: "ENOSPC", path });
  const inside = full("/scratch/upload-1-2/data.parquet");
  const engine = new Error(
    'IO Error: Could not write file "/scratch/catalog-9.work": No space left on device',
  );
  // A child process sends the document of what it met.
  for (const error of [inside, toAppError(inside), engine]) {
    expect(explainFullScratch(error, "/scratch")).toMatchObject({
      code: "no_space",
      message:
        "no space is left in the scratch folder /scratch; free some, or name another with DATALAKE_SCRATCH",
    });
  }
  const told = new AppError("no_space", "choose another --output", { details: { path: "/scratch/out" } });
  for (const error of [full("/scratches/x"), full("/lake/x"), told, new Error("no")]) {
    expect(explainFullScratch(error, "/scratch")).toBe(error);
  }
});
