import type { AthenaClient as AwsAthena, ColumnInfo, GetQueryResultsOutput } from "@aws-sdk/client-athena";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { fromAws } from "../aws/athena.ts";

/** Athena's limit of rows per page. */
const PAGE_ROWS = 1000;

/** Columns of a finished query, and its rows page by page; values as in `StatementResult.rows`. */
export interface PagedResult {
  columns: { name: string; type: string }[];
  rows: AsyncIterable<unknown[]>;
}

/**
 * Reads the results of a successful query. Numbers, booleans and bytes are parsed from text by column type;
 * lists and rows stay in Athena's text form. `header`: the first row holds column names, as for SELECT.
 */
export async function readResults(
  aws: AwsAthena,
  id: string,
  header: boolean,
  signal: AbortSignal | undefined,
): Promise<PagedResult> {
  const { GetQueryResultsCommand } = await import("@aws-sdk/client-athena");
  const pageAt = async (token: string | undefined): Promise<GetQueryResultsOutput> => {
    throwIfCancelled(signal);
    try {
      return await aws.send(
        new GetQueryResultsCommand({
          QueryExecutionId: id,
          MaxResults: PAGE_ROWS,
          ...(token !== undefined && { NextToken: token }),
        }),
        signal === undefined ? {} : { abortSignal: signal },
      );
    } catch (error) {
      if (signal?.aborted) throw new AppError("cancelled", "cancelled", { cause: error });
      throw fromAws(error, "the results of a query at Athena");
    }
  };
  const first = await pageAt(undefined);
  const info = first.ResultSet?.ResultSetMetadata?.ColumnInfo ?? [];
  const columns = info.map((column) => ({ name: column.Name ?? "", type: typeName(column) }));
  const readers = columns.map(({ type }) => readerOf(type));
  async function* rows(): AsyncGenerator<unknown[]> {
    let skip = header ? 1 : 0;
    for (let page = first; ; page = await pageAt(page.NextToken)) {
      for (const row of page.ResultSet?.Rows ?? []) {
        if (skip-- > 0) continue;
        yield readers.map((read, at) => {
          const text = row.Data?.[at]?.VarCharValue;
          return text === undefined ? null : read(text);
        });
      }
      if (page.NextToken === undefined || page.NextToken === "") return;
    }
  }
  return { columns, rows: rows() };
}

/** Athena reports precision and scale separately, and no element types of lists and rows. */
function typeName({ Type = "varchar", Precision, Scale }: ColumnInfo): string {
  if (Type === "decimal") return `decimal(${Precision ?? 38},${Scale ?? 0})`;
  if (Type === "timestamp") return "timestamp(3)";
  return ["array", "row", "map", "struct"].includes(Type) ? "varchar" : Type;
}

function readerOf(type: string): (text: string) => unknown {
  if (/^(tinyint|smallint|integer|int|double|float|real)$/.test(type)) return Number;
  if (type === "boolean") return (text) => text === "true";
  if (type === "varbinary") return (text) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
  return (text) => text;
}
