import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { WIDE_COLUMNS, wideOptions } from "../query/wide-columns.ts";
import { plainType } from "../schema/column-types.ts";
import type { Column, Features } from "../schema/columns.ts";
import { describeFeatures } from "../schema/features.ts";
import type { PartitionFileKey } from "../schema/metadata.ts";
import { PARTITION_COLUMNS } from "../schema/partition.ts";
import { FEATURES_KEY, FILE_KEY } from "./footer.ts";

/** Rows of a row group where they are small; DuckDB's own default. */
const MAX_GROUP_ROWS = 122_880;
/** Uncompressed size of a row group where they are large: COPY holds several of them for each thread. */
const MAX_GROUP_BYTES = 32_000_000;
/** DuckDB writes whole vectors: row groups are multiples of this. */
const VECTOR_ROWS = 2048;

export interface CopyRequest {
  select: string;
  target: string;
  key: PartitionFileKey;
  features: Features;
}

/**
 * Writes the rows of `select` in their order to `target`: zstd, plain types, row groups of at most 122,880 rows or about
 * 32 MB, key-value metadata `datalake` and `huggingface`. Not synced.
 */
export async function copyToParquet(database: Database, request: CopyRequest): Promise<void> {
  const { target, key } = request;
  await database.run("SET TimeZone = 'UTC'"); // timestamps with a zone become UTC wherever this runs
  await database.run("SET preserve_insertion_order = true");
  const { select, columns } = await plainSelect(database, request.select);
  const metadata = {
    [FILE_KEY]: JSON.stringify(key),
    [FEATURES_KEY]: JSON.stringify({ info: { features: describeFeatures(columns, request.features) } }),
  };
  const copy = (groupRows: number) =>
    database.run(
      `COPY (${select}) TO ${quoteText(target)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${groupRows}${wideOptions(columns.length)}, KV_METADATA {${Object.entries(
        metadata,
      )
        .map(([name, value]) => `${name}: ${quoteText(value)}`)
        .join(", ")}})`,
    );
  // Rows of so many are large: to look how large takes longer than to write them.
  const isWide = columns.length > WIDE_COLUMNS;
  await copy(isWide ? VECTOR_ROWS : fitGroup(await estimateRowBytes(database, select)));
  // The estimate looks at the first rows only; when later ones are far larger, once more with what is known now.
  const largest = await largestGroup(database, target);
  if (largest.bytes > 1.5 * MAX_GROUP_BYTES && largest.rows > VECTOR_ROWS) {
    await copy(fitGroup(largest.bytes / largest.rows));
  }
}

/** The select in plain types, without columns that the path stands for. */
async function plainSelect(
  database: Database,
  select: string,
): Promise<{ select: string; columns: Column[] }> {
  const described = await database.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM (${select})`,
  );
  const kept = described.filter(({ column_name }) => !PARTITION_NAMES.has(column_name));
  const columns = kept.map(({ column_name: name, column_type }) => ({ name, type: plainType(column_type) }));
  const list = kept.map(({ column_name, column_type }, at) => {
    const name = quoteName(column_name);
    const type = columns[at]?.type;
    return type === column_type ? name : `CAST(${name} AS ${type}) AS ${name}`;
  });
  return { select: `SELECT ${list.join(", ")} FROM (${select})`, columns };
}

const PARTITION_NAMES: ReadonlySet<string> = new Set(PARTITION_COLUMNS);

function fitGroup(rowBytes: number): number {
  const rows = Math.floor(MAX_GROUP_BYTES / Math.max(1, rowBytes));
  const vectors = Math.floor(Math.min(rows, MAX_GROUP_ROWS) / VECTOR_ROWS);
  return Math.max(1, vectors) * VECTOR_ROWS;
}

/** Bytes of a row, by the text of the first vector of rows. */
async function estimateRowBytes(database: Database, select: string): Promise<number> {
  const [found] = await database.rows<{ bytes: number | null }>(
    `SELECT avg(strlen(CAST(sample AS VARCHAR))) AS bytes FROM (SELECT * FROM (${select}) LIMIT ${VECTOR_ROWS}) AS sample`,
  );
  return found?.bytes ?? 1;
}

async function largestGroup(database: Database, path: string): Promise<{ bytes: number; rows: number }> {
  const [found] = await database.rows<{ bytes: number | null; rows: number | null }>(
    `SELECT row_group_bytes AS bytes, row_group_num_rows AS rows FROM parquet_metadata(${quoteText(path)})
     ORDER BY row_group_bytes DESC LIMIT 1`,
  );
  return { bytes: found?.bytes ?? 0, rows: found?.rows ?? 0 };
}
