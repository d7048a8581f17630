import { expect, test } from "bun:test";
import { openDatabase } from "../../src/query/database.ts";
import { commit, refresh, withLake } from "./lakes.ts";

test("files of a catalog have small blocks: one is read whole for one value", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT range AS id, 'a' AS label FROM range(10)");
    await refresh(bench);
    const path = bench.lake.layout.catalogFile;
    const database = await openDatabase({ path, readOnly: true, scratch: `${bench.folder}/s` });
    const [size] = await database.rows("SELECT block_size FROM pragma_database_size()");
    expect(size).toEqual({ block_size: 131_072 });
    database.close();
  }));
