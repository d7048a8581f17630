import { expect, test } from "bun:test";
import { type HousedPartition, readColumns } from "../../../src/query/duckdb/homes.ts";

test("partitions of one table are each looked over once, however many of their columns have no values", () => {
  const names = Array.from({ length: 50 }, (_, at) => `c${at}`);
  let looks = 0;
  const group: HousedPartition[] = Array.from({ length: 20 }, (_, part) => ({
    ...{ provider: "p", dataset: "d", task: "t", variant: `${part}` },
    ...{ part, home: 1, rows: 1, cells: { integers: [], numbers: [], texts: [] } },
    get columns() {
      looks++;
      return names.map((name) => ({ name, type: "DATE", nulls: name === "c7" && part === 19 ? 0 : 1 }));
    },
  }));
  const sql = readColumns(
    group,
    names.map((name) => ({ name, type: "BLOB" })),
  );
  expect(sql.filter((one) => !one.includes("NULL"))).toEqual(['CAST("c7" AS BLOB) AS "c7"']);
  expect(looks).toBeLessThan(2 * group.length);
});
