import { fromHive } from "./hive-ddl.ts";
import type { LoopbackOptions } from "./loopback.ts";

export interface Steps {
  /** Trino's statements, to be run in turn. */
  steps: string[];
  /** Gives rows with a header. */
  isSelect: boolean;
}

let unloads = 0;

/** What Trino runs for a statement of Athena's: UNLOAD leaves the files of a table that is made and forgotten. */
export function stepsOf(sql: string, { trino, unload }: LoopbackOptions): Steps {
  const hive = fromHive(sql, trino.catalog);
  if (hive !== undefined) return { steps: hive, isSelect: false };
  const own = sql
    .replaceAll('"awsdatacatalog"', `"${trino.catalog}"`)
    .replaceAll("awsdatacatalog.", `${trino.catalog}.`);
  const parts =
    /^UNLOAD \((.*)\) TO ('(?:[^']|'')*') WITH \(format = 'PARQUET', compression = 'ZSTD'\)$/s.exec(own);
  if (!parts) return { steps: [own], isSelect: true };
  if (unload === undefined) throw new Error("this server has no place for UNLOAD");
  const table = `${unload.catalog}.${unload.schema}.unload_${process.pid}_${++unloads}`;
  const [, select = "", target = ""] = parts;
  return {
    steps: [
      `CREATE TABLE ${table} WITH (external_location = ${target}, format = 'PARQUET') AS ${select}`,
      `DROP TABLE ${table}`,
    ],
    isSelect: false,
  };
}
