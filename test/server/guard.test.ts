import { expect, test } from "bun:test";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { readTokenLines } from "../../src/lake/token-file.ts";
import { checkExposure } from "../../src/server/auth/exposure.ts";

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.code : "other";
  }
}

test("a host that others reach needs a token file or the word that it needs none", () => {
  for (const host of ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"]) {
    expect(codeOf(() => checkExposure(host, { hasTokens: false, noAuth: false }))).toBeUndefined();
  }
  for (const host of ["0.0.0.0", "10.0.0.5", "nas.local", "::", "127.evil.example"]) {
    expect(codeOf(() => checkExposure(host, { hasTokens: false, noAuth: false }))).toBe("usage");
    expect(codeOf(() => checkExposure(host, { hasTokens: true, noAuth: false }))).toBeUndefined();
    expect(codeOf(() => checkExposure(host, { hasTokens: false, noAuth: true }))).toBeUndefined();
  }
});

test("a token file is read without notes and blank lines, with a warning when everyone may read it", async () => {
  const file = join(await mkdtemp(join(tmpdir(), "datalake-tokens-")), "tokens");
  await writeFile(file, "# of the scanners\nalpha\r\n\n beta \n", { mode: 0o600 });
  const warnings: string[] = [];
  expect(await readTokenLines(file, { warn: (text) => warnings.push(text), isOwn: true })).toEqual([
    "alpha",
    "beta",
  ]);
  expect(warnings).toEqual([]);
  await chmod(file, 0o644);
  await readTokenLines(file, { warn: (text) => warnings.push(text), isOwn: true });
  expect(warnings).toHaveLength(1);
  await writeFile(file, "# none\n");
  expect((await readTokenLines(file, { warn: () => {}, isOwn: true }).catch((error) => error)).code).toBe(
    "invalid_config",
  );
  expect(
    (await readTokenLines(`${file}-no`, { warn: () => {}, isOwn: true }).catch((error) => error)).code,
  ).toBe("invalid_config");
});
