import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TrinoClient } from "../../src/query/trino/client.ts";
import type { TrinoOptions } from "../../src/query/trino/runner.ts";
import type { SqlLimits } from "../../src/schema/query.ts";
import { describeEngine } from "./conformance.ts";
import { type TrinoServer, trinoWanted, useTrino } from "./trino.ts";
import { makeTrinoTables } from "./trino-tables.ts";

setDefaultTimeout(300_000); // Trino may have to be started, on a machine that is busy

describeEngine("TrinoClient", async (lake) => ({ engine: new TrinoClient(await makeTrinoTables(lake)) }), {
  skip: !trinoWanted,
});

describe.skipIf(!trinoWanted)("a Trino server", () => {
  let server: TrinoServer;
  let folder = "";
  let options: TrinoOptions;

  beforeAll(async () => {
    server = await useTrino();
    folder = await mkdtemp(join(tmpdir(), "datalake-engines-"));
    const catalog = await server.createCatalog({ folder });
    options = { url: server.url, catalog, schema: "datalake", table: "catalog", user: "test" };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("to which nothing was synced says so", async () => {
    const code = "not_found";
    for (const change of [{}, { catalog: "no_such_catalog" }]) {
      const client = new TrinoClient({ ...options, ...change });
      await expect(client.retrievePartitions()).rejects.toMatchObject({ code });
      await expect(client.retrieveWithExistingCols({ text: "x" })).rejects.toMatchObject({ code });
      client.close();
    }
    await server.run(`CREATE SCHEMA ${options.catalog}.datalake WITH (location = 'local:///schema')`);
    const client = new TrinoClient(options);
    await expect(client.retrievePartitions()).rejects.toMatchObject({ code });
    await expect(client.getTableInfo("catalog")).rejects.toMatchObject({ code });
    expect(await client.listTables()).toEqual([]);
    client.close();
  });

  test("without catalogs of the hive connector runs SQL too", async () => {
    const client = new TrinoClient({ ...options, catalog: "system", schema: "runtime", table: "nodes" });
    const { batches } = await client.sql("SELECT count(*) AS n FROM nodes", LIMITS);
    for await (const batch of batches) expect(batch.toArray().map(({ n }) => n)).toEqual([1n]);
    client.close();
  });

  test("stops what is cancelled, has taken too long, or is read no further", async () => {
    const client = new TrinoClient({ ...options, catalog: "system", schema: "runtime" });
    const endless = (mark: string) =>
      `SELECT '${mark}' AS mark, a.n FROM UNNEST(sequence(1, 9999)) AS a(n) CROSS JOIN UNNEST(sequence(1, 9999)) AS b(n) CROSS JOIN UNNEST(sequence(1, 9999)) AS c(n)`;

    const abort = new AbortController();
    const { batches } = await client.sql(endless("cancelled"), LIMITS, abort.signal);
    const reading = (async () => {
      for await (const _ of batches) abort.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "cancelled" });
    expect(await endOf(server, "cancelled")).toBe("USER_CANCELED");

    const late = await client.sql(endless("late"), { ...LIMITS, timeoutMs: 5000 });
    await expect(Array.fromAsync(late.batches)).rejects.toMatchObject({ code: "timeout" });
    expect(await endOf(server, "late")).toBe("USER_CANCELED");

    for await (const _ of (await client.sql(endless("enough"), LIMITS)).batches) break;
    expect(await endOf(server, "enough")).toBe("USER_CANCELED");

    await client.sql(endless("closed"), LIMITS);
    client.close();
    expect(await endOf(server, "closed")).toBe("USER_CANCELED");
  });
});

const LIMITS: SqlLimits = { timeoutMs: 110_000, memory: "1GB", maxRows: 10 ** 9, maxBytes: 10 ** 12 };

/** Waits until the query in which a mark stands has ended, and gives why. */
async function endOf(server: TrinoServer, mark: string): Promise<unknown> {
  for (;;) {
    const rows = await server.run(
      `SELECT error_code FROM system.runtime.queries WHERE query LIKE 'SELECT ''${mark}''%' AND "end" IS NOT NULL
       AND coalesce(error_code, '') <> 'INVALID_SESSION_PROPERTY'`, // of the first try, with a property of Hive's
    );
    if (rows.length > 0) return rows[0]?.[0];
  }
}
