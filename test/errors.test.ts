import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { AppError, toAppError } from "../src/errors.ts";

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

test("an AppError stays what it is, anything else is internal", () => {
  const known = new AppError("conflict", "two at once; wait");
  expect(toAppError(known)).toBe(known);
  expect(toAppError("text")).toMatchObject({ code: "internal", exit: 1 });
  expect(toAppError(new DOMException("stop", "AbortError"))).toMatchObject({ code: "cancelled", exit: 130 });
});
