import { expect, setDefaultTimeout, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quoteText } from "../../src/query/sql.ts";
import { LONG } from "../long.ts";
import { makeWorld, runProgram, sha256, withDatabase } from "./staging-kit.ts";

setDefaultTimeout(600_000); // a machine that is busy elsewhere

const BYTES = LONG ? 100_000_000 : 25_000_000;

test(`a label of ${BYTES / 1e6} MB comes back as it was, is found, and costs no other row`, async () => {
  const world = await makeWorld();
  const word = (at: number) => `{"text":"낱말 ${at}","box":[${at % 997},${at % 991}]}`;
  const words: string[] = [];
  for (let bytes = 0; bytes < BYTES; bytes += Buffer.byteLength(words.at(-1) ?? "") + 1)
    words.push(word(words.length));
  const label = `{"words":[${words.join(",")},{"text":"희귀표식"}]}`;
  const rows = [
    { id: 1, label: '{"words":[]}' },
    { id: 2, label },
    { id: 3, label: '{"words":["희귀표식"]}' },
  ];
  const input = join(world.folder, "labels.jsonl");
  await writeFile(input, rows.map((row) => JSON.stringify(row)).join("\n"));
  const run = async (...args: string[]) => {
    const result = await runProgram(world, args);
    expect([result.exit, result.stderr.includes("rror:")], result.stderr).toEqual([0, false]);
    return result.stdout;
  };
  await run("upload", input, "--type", "raw", "--provider", "hub", "--dataset", "large");
  await run("process", "start", "--wait");
  await run("catalog", "rebuild", "--full");
  const sql = "SELECT id, octet_length(encode(label)) AS n FROM catalog ORDER BY id";
  expect(JSON.parse(await run("sql", sql, "--json")).rows).toEqual(
    rows.map(({ id, label: text }) => ({ id, n: Buffer.byteLength(text) })),
  );
  const found = await run("search", "--text", "희귀표식", "--limit", "0", "--json");
  expect(JSON.parse(found)).toMatchObject({ row_count: 2 });
  const output = join(world.folder, "out.parquet");
  await run("download", "--output", output);
  const read = await withDatabase(world, (database) =>
    database.rows(`SELECT id, sha256(label) AS hash FROM read_parquet(${quoteText(output)}) ORDER BY id`),
  );
  expect(read).toEqual(rows.map(({ id, label: text }) => ({ id, hash: sha256(Buffer.from(text)) })));
  await rm(world.folder, { recursive: true });
});
