import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings, type SettingsInput, settingPaths } from "../../src/config.ts";
import { describeLake } from "../../src/lake/lake.ts";
import { createEngine } from "../../src/query/create-engine.ts";
import { sqlLimits } from "../../src/query/sql-limits.ts";
import { describeEngines, ENGINES } from "../../src/schema/engines.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-engine-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const openLake = async () => describeLake(folder);
const noLake = async () => {
  throw new Error("a remote engine needs no lake");
};
const settingsOf = (flags: SettingsInput, env: Record<string, string> = {}) =>
  loadSettings({ env: { HOME: folder, ...env }, cwd: folder, flags });

async function codeOf(work: Promise<unknown>): Promise<[string, unknown]> {
  return work.then(
    () => ["none", undefined],
    (error) => [error.code, error.details?.key],
  );
}

test("DuckDB is the engine of a lake, Trino one of its settings", async () => {
  const duckdb = await createEngine("duckdb", openLake, await settingsOf({}));
  expect(duckdb.name).toBe("duckdb");
  duckdb.close();
  const trino = await createEngine(
    "trino",
    noLake,
    await settingsOf({ trino: { url: "https://t.example" } }),
  );
  expect(trino.name).toBe("trino");
  trino.close();
});

test("what the settings lack is named", async () => {
  const trino = async (settings: SettingsInput["trino"], env = {}) =>
    codeOf(createEngine("trino", noLake, await settingsOf({ trino: settings }, env)));
  const url = "https://t.example";
  expect(await trino({})).toEqual(["invalid_config", "trino.url"]);
  const missing = join(folder, "missing");
  expect(await trino({ url, password_file: missing })).toEqual(["invalid_config", "trino.password_file"]);
  const empty = join(folder, "empty");
  await writeFile(empty, "\n");
  expect(await trino({ url, token_file: empty })).toEqual(["invalid_config", "trino.token_file"]);
  expect(await trino({ url, token_file: empty }, { DATALAKE_TRINO_TOKEN: "x" })).toEqual(["none", undefined]);
});

test("settings, secrets and help know every engine by its row", async () => {
  const known = settingPaths();
  for (const [name, engine] of Object.entries(ENGINES)) {
    expect(describeEngines()).toContain(name);
    expect(known.some((path) => path.startsWith(`${name}.`))).toBe("settings" in engine);
  }
  expect(describeEngines()).toBe("duckdb (the lake's catalog), athena or trino (default: duckdb)");
  const env = { DATALAKE_TRINO_PASSWORD: "secret", DATALAKE_TRINO_TOKEN: "" };
  const { engineSecrets, trino } = await settingsOf({ trino: { token_file: "~/token" } }, env);
  expect(engineSecrets).toEqual({ DATALAKE_TRINO_PASSWORD: "secret", DATALAKE_TRINO_TOKEN: undefined });
  expect(trino.token_file).toBe(join(folder, "token"));
});

test("an engine is never another one than was asked for", async () => {
  const engine = await createEngine("athena", openLake, await settingsOf({})).catch(() => undefined);
  expect([undefined, "athena"]).toContain(engine?.name);
});

test("the limits of SQL are those of the settings", async () => {
  const sql = { timeout_s: 7, memory: "2GB", max_rows: 3, max_bytes: "4KiB" };
  expect(sqlLimits(await settingsOf({ sql }))).toEqual({
    timeoutMs: 7000,
    memory: "2GB",
    maxRows: 3,
    maxBytes: 4096,
  });
});
