import type { AthenaClient as AwsAthena } from "@aws-sdk/client-athena";
import { AppError } from "../../errors.ts";
import type { Column } from "../../schema/columns.ts";
import { parseType } from "../../schema/type-tree.ts";
import { openAwsAthena } from "../aws/athena.ts";
import { createS3, parseS3 } from "../aws/s3.ts";
import { quoteName } from "../sql.ts";
import { rowsToBatches } from "../statement/rows.ts";
import type { StatementRunner } from "../statement/statements.ts";
import { type AthenaLimits, execute, realEffects } from "./execution.ts";
import { readResults } from "./results.ts";
import { unload } from "./unload.ts";

export interface AthenaOptions {
  database: string;
  /** Of the rows; the partition table is `<table>_partitions`. */
  table: string;
  workgroup: string;
  region?: string | undefined;
  /** For servers other than AWS. */
  endpoint?: string | undefined;
  /** `s3://bucket/folder`, required for large results. */
  output?: string | undefined;
  /** Location of the result bucket if different. */
  s3?: { region?: string | undefined; endpoint?: string | undefined };
  scratch: string;
  limits: AthenaLimits;
}

/** Athena's name of the Glue catalog. */
const CATALOG = "awsdatacatalog";
/** Up to this many rows of plain values are read page by page, faster than Parquet through S3. */
const SMALL_ROWS = 1000;

/** Runs statements at Athena engine version 3, which speaks Trino SQL. */
export function createAthenaRunner(options: AthenaOptions, effects = realEffects): StatementRunner {
  const { database, table, workgroup, output, region, endpoint, limits, scratch } = options;
  let opened: Promise<AwsAthena> | undefined;
  const open = () => {
    opened ??= openAwsAthena({ region, endpoint, attempts: effects.attempts });
    return opened;
  };
  const running = new AbortController();
  const either = (signal: AbortSignal | undefined) =>
    signal === undefined ? running.signal : AbortSignal.any([signal, running.signal]);
  const place = { database, workgroup, output };
  const qualify = (name: string) => [CATALOG, database, name].map(quoteName).join(".");
  const runner: StatementRunner = {
    name: "athena",
    tables: { catalog: qualify(table), partitions: qualify(`${table}_partitions`) },
    names: { catalog: quoteName(CATALOG), schema: database, table },
    run: async (sql, { signal, limits: asked } = {}) => {
      const aws = await open();
      const isSelect = /^\s*(SELECT|WITH|VALUES|TABLE|\()/i.test(sql);
      const { id, stats } = await execute(
        aws,
        sql,
        place,
        limits,
        { signal: either(signal), timeoutMs: asked?.timeoutMs, reuse: isSelect },
        effects,
      );
      const { columns, rows } = await readResults(aws, id, isSelect, either(signal));
      return { columns, rows, stats };
    },
    select: async (sql, columns, { signal } = {}) => {
      if (isSmall(sql, columns)) {
        const { arrowSchema } = await import("../arrow/types.ts");
        const schema = arrowSchema(columns);
        const { rows, stats } = await runner.run(sql, { signal });
        return { columns: [...columns], schema, batches: rowsToBatches(schema, rows), stats };
      }
      if (output === undefined) throw needsOutput();
      const aws = await open();
      return unload(
        sql,
        columns,
        {
          execute: (statement, stop) => execute(aws, statement, place, limits, { signal: stop }, effects),
          s3: (bucket) =>
            createS3({ bucket, region: options.s3?.region ?? region, endpoint: options.s3?.endpoint })(),
          scratch,
          output,
        },
        either(signal),
      );
    },
    close: () => running.abort(),
  };
  if (output !== undefined && parseS3(output).bucket === "") throw needsOutput();
  return runner;
}

function needsOutput(): AppError {
  return new AppError(
    "invalid_config",
    "there is no place for large results of Athena; set athena.output to a folder such as s3://bucket/results",
    { details: { key: "athena.output" } },
  );
}

/** Whether a SELECT gives few rows of values that result pages represent exactly. */
function isSmall(sql: string, columns: readonly Column[]): boolean {
  const limit = / LIMIT (\d+)$/.exec(sql)?.[1];
  if (limit === undefined || Number(limit) > SMALL_ROWS) return false;
  return columns.every(({ type }) => parseType(type).kind === "scalar" && type !== "BLOB");
}
