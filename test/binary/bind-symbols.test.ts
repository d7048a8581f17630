import { expect, test } from "bun:test";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bindOwnSymbols } from "../../.ci/build/bind-symbols.ts";
import { openElf, TAG } from "../../.ci/build/elf.ts";

const packaged = resolve(import.meta.dir, "../../node_modules/@duckdb/node-bindings-linux-x64");

/** Asks the library in the folder that is named, and has it fail: errors go through it and the C++ library's code. */
const QUERIES = `
  const module = { exports: {} };
  process.dlopen(module, process.argv[1]);
  const { open, connect, query, fetch_chunk, data_chunk_get_size } = module.exports;
  const connection = await connect(await open(":memory:"));
  const result = await query(connection, "SELECT r, r::VARCHAR || '쪽' FROM range(5) t(r) WHERE regexp_matches(r::VARCHAR, '[1-3]')");
  const failure = await query(connection, "SELECT 'x'::INTEGER").catch((error) => error.message);
  console.log(JSON.stringify([data_chunk_get_size(await fetch_chunk(result)), failure]));
`;

test.if(process.platform === "linux" && process.arch === "x64")(
  "DuckDB's library is bound to itself, and works as before",
  async () => {
    const library = await readFile(join(packaged, "libduckdb.so"));
    const bound = bindOwnSymbols(library, "duckdb");
    const relative = (bytes: Uint8Array) => Number(openElf(bytes).tag(TAG.relativeCount));
    const lookedUp = (bytes: Uint8Array) => {
      const elf = openElf(bytes);
      return Number(elf.tag(TAG.relocationsSize) + elf.tag(TAG.pltSize)) / 24 - relative(bytes);
    };
    expect(lookedUp(bound)).toBeLessThan(lookedUp(library) / 5);
    expect(lookedUp(bound) + relative(bound)).toBe(lookedUp(library) + relative(library));
    const folder = await mkdtemp(join(tmpdir(), "datalake-bound-"));
    try {
      await writeFile(join(folder, "libduckdb.so"), bound);
      await copyFile(join(packaged, "duckdb.node"), join(folder, "duckdb.node"));
      const run = Bun.spawn([process.execPath, "-e", QUERIES, join(folder, "duckdb.node")]);
      expect(JSON.parse(await new Response(run.stdout).text())).toEqual([
        3,
        expect.stringContaining("Conversion Error: Could not convert string 'x' to INT32"),
      ]);
      expect(await run.exited).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
