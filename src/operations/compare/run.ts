import { AppError, throwIfCancelled } from "../../errors.ts";
import { type LabelRow, readLabelRows } from "../../export/label-rows.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { type Database, onOwnConnection } from "../../query/database.ts";
import { DuckDBClient } from "../../query/duckdb/client.ts";
import type { StoredPartition } from "../../query/duckdb/described.ts";
import { ofParts, ROW, selectRows } from "../../query/duckdb/homes.ts";
import { readNumbers, requirePartition } from "../../query/duckdb/rows-at.ts";
import type { CompareRequest, CompareResult } from "../../schema/label-compare.ts";
import { compareRegions, DIFFERENCE_KINDS } from "../../schema/labels/compare.ts";
import { compileView } from "../../schema/labels/read-label.ts";
import type { Region } from "../../schema/labels/region.ts";
import { readRowLabel } from "../../schema/labels/row-label.ts";
import { viewOf } from "../../schema/labels/task-view.ts";
import { LABEL_COLUMN } from "../../schema/labels/view.ts";
import { formatPartition } from "../../schema/partition.ts";
import { formatRowKey } from "../../schema/row-key.ts";
import type { Taxonomy } from "../../schema/taxonomy.ts";
import type { OperationTools } from "../operation.ts";

type Tools = OperationTools<{ rows_done: number; rows_total: number }, unknown>;

const STEP = 200;
const MAX_FIRST = 1000;

/** Compares the labels of pages that both variants have, matched by their image. */
export async function compareVariants(
  request: CompareRequest,
  { lake, settings, signal, report }: Tools,
): Promise<CompareResult> {
  const taxonomy = await readTaxonomy(lake);
  const catalog = new DuckDBClient({
    path: lake.layout.catalogFile,
    scratch: settings.scratchFolder,
    ...settings.database,
  });
  try {
    return await catalog.withCatalog(async (database) => {
      const { provider, dataset, task } = request;
      const sideOf = async (variant: string) => {
        const { partition, generation } = await requirePartition(database, {
          provider,
          dataset,
          task,
          variant,
        });
        return { partition, generation, ...readerOf(taxonomy, partition) };
      };
      const [a, b] = [await sideOf(request.a), await sideOf(request.b)];
      const pages = await matchPages(database, a.partition, b.partition);
      const result: CompareResult = {
        generation: a.generation,
        ...{ pages: pages.both.length, only_a: pages.onlyA, only_b: pages.onlyB, equal: 0 },
        ...{ repeated_a: pages.repeatedA, repeated_b: pages.repeatedB },
        ...{ regions_a: 0, regions_b: 0, paired: 0, edits: 0 },
        differences: Object.fromEntries(
          DIFFERENCE_KINDS.map((kind) => [kind, 0]),
        ) as CompareResult["differences"],
        first: [],
      };
      const read = async (at: number) => {
        const some = pages.both.slice(at, at + STEP);
        if (some.length === 0) return []; // nobody waits for what is behind the last
        const [rowsA, rowsB] = await Promise.all([
          readRows(
            database,
            a.partition,
            some.map((pair) => pair.a),
          ),
          readRows(
            database,
            b.partition,
            some.map((pair) => pair.b),
          ),
        ]);
        return some.map((pair) => [rowsA.get(pair.a), rowsB.get(pair.b)] as const);
      };
      const isAlike = a.column === b.column && JSON.stringify(a.view) === JSON.stringify(b.view);
      let next = read(0);
      for (let at = 0; at < pages.both.length; at += STEP) {
        throwIfCancelled(signal);
        const rows = await next;
        next = read(at + STEP); // while these are compared
        next.catch(() => {}); // told when its turn comes
        for (const [rowA, rowB] of rows) {
          if (rowA === undefined || rowB === undefined) continue;
          const regions = a.read(rowA);
          // Most labels of most relabellings stay as they were.
          const isSame =
            isAlike && rowA.cells[a.column] !== undefined && rowA.cells[a.column] === rowB.cells[a.column];
          addPage(result, regions, isSame ? regions : b.read(rowB), rowA, rowB);
        }
        report({ rows_done: Math.min(at + STEP, pages.both.length), rows_total: pages.both.length });
      }
      return result;
    });
  } finally {
    catalog.close();
  }
}

function addPage(
  result: CompareResult,
  a: readonly Region[],
  b: readonly Region[],
  rowA: LabelRow,
  rowB: LabelRow,
): void {
  const { pairs, differences } = a === b ? { pairs: a, differences: [] } : compareRegions(a, b);
  result.regions_a += a.length;
  result.regions_b += b.length;
  result.paired += pairs.length;
  for (const { kind, edits } of differences) {
    result.differences[kind] = (result.differences[kind] ?? 0) + 1;
    result.edits += edits ?? 0;
  }
  if (differences.length === 0) result.equal++;
  else if (result.first.length < MAX_FIRST) {
    const keyOf = ({ partition, upload_id, source_row }: LabelRow) =>
      formatRowKey(partition, upload_id, source_row);
    result.first.push({
      source_name: rowA.source_name,
      a: keyOf(rowA),
      b: keyOf(rowB),
      differences: differences.length,
    });
  }
}

function readerOf(taxonomy: Pick<Taxonomy, "tasks">, partition: StoredPartition) {
  const view = viewOf(taxonomy, partition)?.view;
  if (view === undefined) {
    throw new AppError(
      "not_found",
      `no view says what the labels of ${formatPartition(partition)} mean; find it with \`datalake view detect\`, then give it to the task`,
    );
  }
  const readLabel = compileView(view);
  const read = ({ cells, page }: LabelRow): Region[] => {
    const found = readRowLabel(cells, view);
    return found === undefined || "fault" in found ? [] : readLabel(found.label, page).regions;
  };
  return { view, column: view.column ?? LABEL_COLUMN, read };
}

/** Row numbers of each page in both partitions. Of a page with several rows the newest counts: what was added later. */
async function matchPages(database: Database, a: StoredPartition, b: StoredPartition) {
  const pagesOf = (partition: StoredPartition) =>
    `(SELECT max(${ROW}) AS n, count(*) AS rows, hash FROM (${selectRows([partition], [{ name: "hash", type: "VARCHAR" }], ofParts([partition]))}) WHERE hash IS NOT NULL GROUP BY hash)`;
  const both = await database.rows<{ a: number; b: number; more_a: boolean; more_b: boolean }>(
    `SELECT a.n::DOUBLE AS a, b.n::DOUBLE AS b, a.rows > 1 AS more_a, b.rows > 1 AS more_b FROM ${pagesOf(a)} a JOIN ${pagesOf(b)} b USING (hash) ORDER BY a.n`,
  );
  const [counts] = await database.rows<{ a: number; b: number }>(
    `SELECT (SELECT count(*) FROM ${pagesOf(a)})::DOUBLE AS a, (SELECT count(*) FROM ${pagesOf(b)})::DOUBLE AS b`,
  );
  return {
    both,
    onlyA: (counts?.a ?? 0) - both.length,
    onlyB: (counts?.b ?? 0) - both.length,
    repeatedA: both.filter((pair) => pair.more_a).length,
    repeatedB: both.filter((pair) => pair.more_b).length,
  };
}

/** Reads rows by number as label rows. */
async function readRows(
  database: Database,
  partition: StoredPartition,
  numbers: readonly number[],
): Promise<Map<number, LabelRow>> {
  const columns = partition.columns.map(({ name, type }) => ({ name, type }));
  return onOwnConnection(database, async (own) => {
    const { columns: read, batches } = await readNumbers(own, partition, numbers, columns);
    const rows = {
      columns: read,
      partitions: [{ ...partition, rows: numbers.length }],
      batches: iterate(batches),
    };
    const found = new Map<number, LabelRow>();
    let at = 0;
    for await (const some of readLabelRows(rows, () => "all")) {
      for (const row of some) found.set(numbers[at++] as number, row);
    }
    return found;
  });
}

async function* iterate<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
