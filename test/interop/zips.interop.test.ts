/** Zips of Python's zipfile and of 7-Zip, file by file. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withKit } from "../ingest/kit.ts";
import { runPython } from "./python.ts";

let folder: string;
let expected: Record<string, Record<string, string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-zips-"));
  await runPython("tools", "make_zips.py", folder);
  expected = await Bun.file(join(folder, "expected.json")).json();
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("each file has its name and its bytes", () => {
  for (const name of [
    "zipfile.zip",
    "nfd.zip",
    "zip64.zip",
    "streamed.zip",
    "7zip.zip",
    "cp949.zip",
    "parts.zip.001",
  ]) {
    test(name, async () => {
      await withKit(async (kit) => {
        const { rows } = await kit.stage(join(folder, name));
        const found = Object.fromEntries(rows.map((row) => [row.source_name, row.source_hash]));
        expect(found).toEqual(expected[name] ?? {});
        expect(rows.map((row) => row.__reject)).toEqual(rows.map(() => null));
      });
    }, 120_000);
  }
});

describe("files that need a password, or another method, are rejected by their reason", () => {
  for (const [name, reason] of [
    ["encrypted.zip", "is encrypted; unpack it with its password first"],
    ["crypto.zip", "is encrypted; unpack it with its password first"],
    ["lzma.zip", "is packed by LZMA, which cannot be read"],
  ] as const) {
    test(name, async () => {
      await withKit(async (kit) => {
        const error = await kit.stage(join(folder, name)).catch((thrown) => thrown);
        expect(error.code).toBe("too_many_rejects");
        expect(error.message).toContain(reason);
      });
    });
  }
});
