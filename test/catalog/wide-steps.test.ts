import { expect, setDefaultTimeout, test } from "bun:test";
import { commit, query, refresh, withLake } from "./lakes.ts";

setDefaultTimeout(240_000);

const WIDTH = 1200;
const ROWS = 3000;
/** Too little for the lists of 2,048 rows at a time. */
const TIGHT = "180MB";

test("rows of thousands of texts that fit only few at a time are loaded so, each as it is and in its order", () =>
  withLake(async (bench) => {
    const columns = Array.from(
      { length: WIDTH },
      (_, at) => `'낱말 ' || (range * 7 + ${at}) % 1000 AS c${at}`,
    );
    await commit(bench, "create", `SELECT ${columns.join(", ")} FROM range(${ROWS})`);
    await commit(bench, "append", `SELECT ${columns.join(", ")} FROM range(${ROWS}, ${ROWS + 700})`);
    const tight = { ...bench, settings: { ...bench.settings, database: { memory: TIGHT, threads: 1 } } };
    expect(await refresh(tight)).toMatchObject({ failed: [], rows: ROWS + 700 });
    const [found] = await query<{ rows: number; same: boolean; last: string }>(
      bench,
      `SELECT count(*) AS rows, bool_and("@texts"[1] = '낱말 ' || (n * 7) % 1000 AND "@texts"[${WIDTH}] = '낱말 ' || (n * 7 + ${WIDTH - 1}) % 1000) AS same
       FROM (SELECT "@texts", row_number() OVER () - 1 AS n FROM rows_0)`,
    );
    expect(found).toMatchObject({ rows: ROWS + 700, same: true });
  }));
