/** `--engine trino` of the commands for people: the same rows as from the lake's own catalog. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { run } from "../cli/harness.ts";
import { type EngineLake, makeEngineLake } from "./lake.ts";
import { WORDS } from "./rows.ts";
import { trinoWanted } from "./trino.ts";
import { makeTrinoTables } from "./trino-tables.ts";

setDefaultTimeout(300_000); // Trino may have to be started, on a machine that is busy

const PATH = "provider=aihub/dataset=책/aa/aa/1.jpg";
const SELECT = `SELECT id, label, 'aa' AS hash, '${PATH}' AS path, 4 AS width, 5 AS height, 'u' AS upload_id,
  'page-' || id || '.jpg' AS source_name, id AS source_row FROM (VALUES
  (1::BIGINT, '{"words":[{"text":"서울 50%"}]}'), (2, '{"words":[{"text":"부산"}]}'),
  (3, '{"words":[{"text":"부산"},{"text":"서울 50%"}],"note":"부산"}')) AS t(id, label)`;

let lake: EngineLake;
let remote: Record<string, string>;
let local: Record<string, string>;

describe.skipIf(!trinoWanted)("--engine trino", () => {
  beforeAll(async () => {
    lake = await makeEngineLake([{ key: WORDS, select: SELECT }]);
    const { url, catalog, schema } = await makeTrinoTables(lake);
    remote = {
      DATALAKE_TRINO_URL: url,
      DATALAKE_TRINO_CATALOG: catalog,
      DATALAKE_TRINO_SCHEMA: schema,
      DATALAKE_SCRATCH: join(lake.folder, "scratch"),
    };
    local = { ...remote, DATALAKE_LAKE: lake.lake.root };
    const asset = lake.lake.layout.asset(PATH);
    await mkdir(dirname(asset), { recursive: true });
    await writeFile(asset, "image");
  });
  afterAll(() => lake?.remove());

  const HITS = ["--text", "50%", "--column", "label", "--json-path", "$.words.text"];

  test("search gives the rows that the lake's catalog gives, and needs no lake", async () => {
    const own = await run(["search", ...HITS, "--json"], { env: local });
    const theirs = await run(["search", ...HITS, "--engine", "trino", "--json"], { env: remote });
    expect(theirs.stderr).toMatch(/^2 hits in 1 partition, \S+ \([\d,]+ ms/);
    expect(theirs.exit).toBe(0);
    const document = JSON.parse(theirs.stdout);
    const { columns, rows, row_count } = JSON.parse(own.stdout);
    expect(document).toMatchObject({ engine: "trino", columns, rows, row_count });
    expect(row_count).toBe(2);
  });

  test("what is not there ends as it does at home", async () => {
    for (const [exit, ...flags] of [
      [4, "--dataset", "첵"],
      [4, "--text", "x", "--column", "labl"],
      [2, "--text", "1", "--column", "id"],
      [0, "--text", "어디에도"],
    ] as const) {
      const outcome = await run(["search", ...flags, "--engine", "trino"], { env: remote });
      expect({ flags, exit: outcome.exit }).toEqual({ flags, exit });
      expect(outcome.stdout).toBe("");
    }
  });

  test("download takes the images from the lake, and without images needs none", async () => {
    const output = join(lake.folder, "hits.arrow");
    const flags = ["download", ...HITS, "--engine", "trino", "--output"];
    const embedded = await run([...flags, output, "--json"], { env: local });
    expect(JSON.parse(embedded.stdout)).toMatchObject({ rows: 2, images: "embed", missing: 0 });
    const [row] = tableFromIPC(await readFile(output));
    expect(Buffer.from(row?.toJSON().image.bytes).toString()).toBe("image");
    const plain = join(lake.folder, "plain.arrow");
    const without = await run([...flags, plain, "--images", "none"], { env: remote });
    expect(without.exit).toBe(0);
    expect([...(tableFromIPC(await readFile(plain)).getChild("id") ?? [])]).toEqual([1n, 3n]);
    const refused = await run([...flags, join(lake.folder, "x.arrow")], { env: remote });
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain("--lake");
  });
});
