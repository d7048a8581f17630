import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { openDatabase } from "../../src/query/database.ts";
import { renderNamedRows } from "../../src/query/named-rows.ts";
import { MAX_ROW_KEYS, type RowKey } from "../../src/schema/row-key.ts";

const AT = { provider: "aihub", dataset: "영수증", task: "layout", variant: "base" };
const uploadOf = (at: number) => `u${String(at).padStart(32, "0")}`;
const keyOf = (upload: number, sourceRow: number, more = {}): RowKey => ({
  ...AT,
  ...more,
  uploadId: uploadOf(upload),
  sourceRow,
});

test("as many rows as may be named of some uploads fit into a statement of Athena", () => {
  const keys = Array.from({ length: MAX_ROW_KEYS }, (_, at) => keyOf(at % 50, 1_000_000 + at));
  expect(Buffer.byteLength(renderNamedRows(keys))).toBeLessThan(262_144 / 2);
});

test("rows of few and of many uploads are those of the same partition, upload and place", async () => {
  const database = await openDatabase({ scratch: tmpdir() });
  try {
    await database.run(`CREATE TABLE rows AS SELECT 'aihub' AS provider, dataset, 'layout' AS task, 'base' AS variant,
      'u' || lpad(upload::VARCHAR, 32, '0') AS upload_id, row AS source_row
      FROM range(300) AS a(upload), range(5) AS b(row), (VALUES ('영수증'), ('it''s')) AS c(dataset)`);
    for (const uploads of [1, 3, 250]) {
      const keys = Array.from({ length: uploads }, (_, at) => [
        keyOf(at, at % 5),
        keyOf(at, 4 - (at % 4), { dataset: "it's" }),
        keyOf(at, 7),
      ]).flat();
      const found = await database.rows<{ dataset: string; upload_id: string; row: number }>(
        `SELECT dataset, upload_id, source_row::INTEGER AS row FROM rows WHERE ${renderNamedRows(keys)} ORDER BY ALL`,
      );
      const expected = keys
        .filter(({ sourceRow }) => sourceRow < 5)
        .map(({ dataset, uploadId, sourceRow }) => ({ dataset, upload_id: uploadId, row: sourceRow }));
      const show = (row: object) => JSON.stringify(row);
      expect(found.map(show).sort()).toEqual(expected.map(show).sort());
    }
  } finally {
    database.close();
  }
});
