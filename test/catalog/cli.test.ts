import { expect, setDefaultTimeout, test } from "bun:test";
import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { type Command, type Effects, isGroup } from "../../src/cli/arguments/command.ts";
import { catalogCommand } from "../../src/cli/commands/catalog.ts";
import { folderClient } from "../../src/client/folder/folder-client.ts";
import { silentLogger } from "../../src/log.ts";
import { CATALOG_FORMAT } from "../../src/query/duckdb/homes.ts";
import { commit, KEY, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const FULL = { full: true } as unknown as Flags;
type Flags = Parameters<Command["run"]>[0]["flags"];

/** Runs `datalake catalog <name>` and records what it says. */
async function run(bench: Workbench, name: string, flags: Flags = {}) {
  const command = catalogCommand.subcommands[name];
  if (!command || isGroup(command)) throw new Error(`no command ${name}`);
  const said = { document: {} as Record<string, unknown>, text: "", warnings: [] as string[] };
  const terminal = {
    json: false,
    progress: () => ({ update: () => {}, finish: () => {} }),
    result: (document: Record<string, unknown>, text: () => string) =>
      Object.assign(said, { document, text: text() }),
    warn: (line: string) => said.warnings.push(line),
  };
  const { settings, lake } = bench;
  const tools = {
    settings,
    logger: silentLogger,
    signal: new AbortController().signal,
    openLake: async () => lake,
    selfCommand: [],
    audit: async () => {},
  };
  const effects = { ...tools, terminal, openClient: async () => folderClient(tools) };
  const exit = await command.run({ flags, positionals: [] }, effects as unknown as Effects);
  return { exit, ...said };
}

test("rebuild, info and partitions give their documents and say them", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1 AS id, '한글' AS text");
    const built = await run(bench, "rebuild", FULL);
    expect(built.exit).toBe(0);
    expect(built.document).toMatchObject({
      generation: 1,
      rows: 1,
      partitions: 1,
      refreshed: 1,
      removed: 0,
      path: bench.lake.layout.catalogFile,
      duration_ms: expect.any(Number),
    });
    expect(built.text).toContain("1 row in 1 partition");
    const info = await run(bench, "info");
    expect(info.document).toMatchObject({
      format: CATALOG_FORMAT,
      generation: 1,
      rows: 1,
      partitions: 1,
      built_at: expect.any(String),
    });
    const { document, text } = await run(bench, "partitions");
    expect(document).toEqual({
      partitions: [
        {
          ...KEY,
          rows: 1,
          bytes: expect.any(Number),
          version: 1,
          uploaded_by: "kim",
          license: "",
          uploaded_at: "2026-01-02T03:04:05.000Z",
        },
      ],
    });
    expect(text).toContain("책");
  }));

test("rebuild ends with 1 and names a partition that it could not read", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT range AS id FROM range(500)");
    const path = join(bench.lake.layout.partition(KEY), "data.parquet");
    await truncate(path, 300);
    const { exit, warnings } = await run(bench, "rebuild");
    expect(exit).toBe(1);
    expect(warnings.join()).toContain(path);
    await rm(path);
    const lost = await run(bench, "rebuild");
    expect(lost.exit).toBe(1);
    expect(lost.warnings.join()).toContain("no base");
    expect(lost.document).toMatchObject({ failed: [{ code: "corrupt" }], removed: 0 });
  }));
