import { boundFolder } from "../../lake/bound-folder.ts";
import { labelFactsFolder } from "../../lake/layout.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { createEngine } from "../../query/create-engine.ts";
import { openDatabase } from "../../query/database.ts";
import { DuckDBClient } from "../../query/duckdb/client.ts";
import { describeCatalog, locateRows } from "../../query/duckdb/described.ts";
import { loadLabels } from "../../query/duckdb/label-facts.ts";
import { readStatistics } from "../../query/duckdb/statistics.ts";
import type { StatisticsDocument } from "../../schema/page-documents.ts";
import { createSelector } from "../../schema/partition.ts";
import type { RowQuery } from "../../schema/query.ts";
import { fieldsOf } from "../../schema/taxonomy.ts";
import type { OperationTools } from "../operation.ts";
import { countLabels } from "./count-labels.ts";

/** Of all counts in the cache folder: some hundred million rows. */
const MAX_BYTES = 2_000_000_000;

type Tools = OperationTools<{ rows_done: number; rows_total: number }, unknown>;

/**
 * Counts what the labels of the selected partitions hold, of those alone that changed since they were counted; then the
 * rows of the query by that.
 */
export async function runStatistics(query: RowQuery, tools: Tools): Promise<StatisticsDocument> {
  const { lake, settings, signal, report } = tools;
  const engine = await createEngine("duckdb", async () => lake, settings);
  try {
    if (!(engine instanceof DuckDBClient) || engine.labelFacts === undefined) throw new Error("no labels");
    const { labelFacts } = engine;
    const fields = fieldsOf(await readTaxonomy(lake));
    return await engine.withCatalog(async (database) => {
      const { known } = await describeCatalog(database);
      const selected = known.filter(createSelector(query));
      const labels = await labelFacts();
      const { uncounted } = await loadLabels(database, labels, selected, await locateRows(database));
      const rowsTotal = uncounted.reduce((sum, { rows }) => sum + rows, 0);
      let rowsDone = 0;
      const add = (rows: number) => {
        rowsDone += rows;
        report({ rows_done: rowsDone, rows_total: rowsTotal });
      };
      const facts = await openDatabase({ scratch: settings.scratchFolder, threads: 1, memory: "256MB" });
      try {
        for (const partition of uncounted) {
          const meant = labels.of(partition);
          if (meant) await countLabels(database, facts, { partition, ...meant }, add, signal);
        }
      } finally {
        facts.close();
      }
      if (uncounted.length > 0) await boundFolder(labelFactsFolder(settings.cacheFolder), MAX_BYTES);
      return readStatistics(database, labelFacts, { query, fields }, signal);
    });
  } finally {
    engine.close();
  }
}
