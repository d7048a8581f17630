import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { settingPaths } from "../src/config.ts";
import { ERROR_CODES } from "../src/errors.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");

test("the README names every error code with its exit code", () => {
  const rows = readme.split("\n").filter((line) => line.startsWith("| `"));
  for (const [code, { exit }] of Object.entries(ERROR_CODES)) {
    const row = rows.find((line) => line.split("|")[1]?.includes(`\`${code}\``));
    expect(row?.split("|")[2]?.trim(), code).toBe(String(exit));
  }
});

test("the README names every setting", () => {
  for (const path of settingPaths()) expect(readme, path).toContain(`\`${path}\``);
});

test("nothing of a merge stays in the README", () => {
  expect(readme.split("\n").filter((line) => /^(<{7}|={7}|>{7})( |$)/.test(line))).toEqual([]);
});
