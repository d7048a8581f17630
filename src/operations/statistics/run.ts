import { stat } from "node:fs/promises";
import { boundFolder } from "../../lake/bound-folder.ts";
import { isMissing } from "../../lake/files.ts";
import { labelFactsFolder } from "../../lake/layout.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { createEngine } from "../../query/create-engine.ts";
import { DuckDBClient } from "../../query/duckdb/client.ts";
import { describeCatalog, type StoredPartition } from "../../query/duckdb/described.ts";
import { readStatistics } from "../../query/duckdb/statistics.ts";
import { viewOf } from "../../schema/labels/task-view.ts";
import type { View } from "../../schema/labels/view.ts";
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
    const taxonomy = await readTaxonomy(lake);
    return await engine.withCatalog(async (database) => {
      const { known } = await describeCatalog(database);
      const todo: { partition: StoredPartition; view: View; file: string }[] = [];
      const { fileOf } = await labelFacts();
      for (const partition of known.filter(createSelector(query))) {
        const [file, view] = [fileOf(partition), viewOf(taxonomy, partition)?.view];
        if (file === undefined || view === undefined || (await isThere(file))) continue;
        todo.push({ partition, view, file });
      }
      const rowsTotal = todo.reduce((sum, { partition }) => sum + partition.rows, 0);
      let rowsDone = 0;
      for (const { partition, view, file } of todo) {
        const add = (rows: number) => {
          rowsDone += rows;
          report({ rows_done: rowsDone, rows_total: rowsTotal });
        };
        await countLabels(database, { partition, view, file, scratch: settings.scratchFolder }, add, signal);
      }
      if (todo.length > 0) await boundFolder(labelFactsFolder(settings.cacheFolder), MAX_BYTES);
      return readStatistics(database, labelFacts, { query, fields: fieldsOf(taxonomy) }, signal);
    });
  } finally {
    engine.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
