import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setEnvironmentData } from "node:worker_threads";
import { AppError } from "../src/errors.ts";
import { type EmbeddedLibrary, loadEmbedded, loadParquetWasm, useNativeCache } from "../src/native.ts";

let folder: string;
let library: EmbeddedLibrary;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-native-"));
  const source = join(folder, "source");
  await writeFile(source, "not a library");
  library = {
    name: "sample",
    digest: "0123456789abcdef",
    entry: "lib/sample.node",
    files: [
      { path: "lib/sample.node", source, sizeBytes: 13 },
      { path: "other/lib/needed.so", source, sizeBytes: 13 },
    ],
  };
});
afterAll(async () => {
  setEnvironmentData("datalake.cache", undefined);
  await rm(folder, { recursive: true, force: true });
});

function failureOf(action: () => unknown): AppError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("loadEmbedded", () => {
  test("unpacks every file where it must stand, and leaves nothing else", async () => {
    useNativeCache(join(folder, "cache"));
    // What it unpacks here is no library: that it cannot be loaded is not the folder's fault.
    expect(failureOf(() => loadEmbedded(library)).code).toBe("internal");
    const native = join(folder, "cache/native");
    expect(await readdir(native)).toEqual(["sample-0123456789abcdef"]);
    for (const { path } of library.files) {
      expect(await readFile(join(native, "sample-0123456789abcdef", path), "utf8")).toBe("not a library");
    }
  });

  test("puts a file right that is not whole", async () => {
    useNativeCache(join(folder, "cache"));
    const file = join(folder, "cache/native/sample-0123456789abcdef/other/lib/needed.so");
    await writeFile(file, "not");
    failureOf(() => loadEmbedded(library));
    expect(await readFile(file, "utf8")).toBe("not a library");
    expect(await readdir(join(folder, "cache/native"))).toHaveLength(1);
  });

  test("names the setting when the chosen folder cannot be used", async () => {
    await writeFile(join(folder, "file"), "");
    useNativeCache(join(folder, "file"));
    const failure = failureOf(() => loadEmbedded(library));
    expect(failure.code).toBe("permission_denied");
    expect(failure.message).toContain("DATALAKE_CACHE");
  });
});

test("parquet-wasm is initialized once", async () => {
  const parquet = await loadParquetWasm();
  expect(await loadParquetWasm()).toBe(parquet);
  expect(parquet.WriterPropertiesBuilder).toBeFunction();
  new parquet.WriterPropertiesBuilder().build().free();
});
