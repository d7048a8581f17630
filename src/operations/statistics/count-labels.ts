import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { throwIfCancelled } from "../../errors.ts";
import { columnsOf, type LabelRow, readLabelRows } from "../../export/label-rows.ts";
import { PAGE_FACTS } from "../../export/page-cells.ts";
import { removeTree } from "../../lake/files.ts";
import { replaceFile, tempBeside } from "../../lake/replace.ts";
import type { Database } from "../../query/database.ts";
import type { StoredPartition } from "../../query/duckdb/described.ts";
import { FACT_COLUMNS } from "../../query/duckdb/label-facts.ts";
import { readPartition } from "../../query/duckdb/rows-at.ts";
import { quoteText } from "../../query/sql.ts";
import type { Column } from "../../schema/columns.ts";
import { factColumn, imageColumnsOf } from "../../schema/image-columns.ts";
import { compileView, type LabelReader } from "../../schema/labels/read-label.ts";
import { readOnPages } from "../../schema/labels/read-pages.ts";
import { readRowLabel } from "../../schema/labels/row-label.ts";
import type { View } from "../../schema/labels/view.ts";
import { scriptsOf } from "./scripts.ts";

export interface LabelCount {
  partition: StoredPartition;
  view: View;
  /** Where the counts go: there once they are whole. */
  file: string;
}

/** Counts what each label of a partition holds. `facts` is an empty database to write in. */
export async function countLabels(
  database: Database,
  facts: Database,
  { partition, view, file }: LabelCount,
  onRows: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const wanted = columnsOf(view);
  const images = imageColumnsOf(partition.columns);
  const ofPages = new Set(images.flatMap((image) => PAGE_FACTS.map((fact) => factColumn(image, fact))));
  const columns: Column[] = partition.columns.filter(
    ({ name }) => wanted === "all" || wanted.has(name) || ofPages.has(name),
  );
  const temp = tempBeside(file);
  await mkdir(dirname(file), { recursive: true });
  try {
    const fields = Object.entries(FACT_COLUMNS).map(([name, type]) => `${name} ${type}`);
    await facts.run(`CREATE OR REPLACE TABLE facts (${fields.join(", ")})`);
    const write = await openAppender(facts);
    const read = compileView(view);
    const rows = await readPartition(database, partition, columns, signal);
    for await (const batch of readLabelRows(rows, () => wanted, images)) {
      throwIfCancelled(signal);
      write(batch.map((row) => describeLabel(row, view, read)));
      onRows(batch.length);
    }
    write([], true);
    await facts.run(`COPY facts TO ${quoteText(temp)} (FORMAT parquet, COMPRESSION zstd)`);
    await replaceFile(temp, file);
  } finally {
    await removeTree(temp);
  }
}

type Fact = [regions: number | null, characters: number | null, words: number | null, string, string];
const NONE: Fact = [null, null, null, "[]", "[]"];

function describeLabel({ cells, pages }: LabelRow, view: View, read: LabelReader): Fact {
  const found = readRowLabel(cells, view);
  if (found === undefined || "fault" in found) return NONE;
  const { regions } = readOnPages(read, found.label, pages);
  let characters = 0;
  let words = 0;
  const categories = new Set<string>();
  const scripts = new Set<string>();
  for (const { text, category } of regions) {
    categories.add((category ?? "").toWellFormed().normalize("NFC"));
    if (text === null) continue;
    for (const _ of text) characters++;
    words += text.split(/\s+/u).filter((word) => word !== "").length;
    for (const script of scriptsOf(text)) scripts.add(script);
  }
  const list = (names: Set<string>) => JSON.stringify([...names].sort());
  return [regions.length, characters, words, list(categories), list(scripts)];
}

/** DuckDB's vector size. */
const CHUNK_ROWS = 2048;

/** Appends rows to the table, some at a time; the last call says so. */
async function openAppender(facts: Database): Promise<(rows: Fact[], isEnd?: boolean) => void> {
  const { INTEGER, VARCHAR, DuckDBDataChunk } = await import("@duckdb/node-api");
  const types = Object.values(FACT_COLUMNS).map((type) => (type === "INTEGER" ? INTEGER : VARCHAR));
  const appender = await facts.connection.createAppender("facts");
  const pending: Fact[] = [];
  return (rows, isEnd = false) => {
    pending.push(...rows);
    while (pending.length >= CHUNK_ROWS || (isEnd && pending.length > 0)) {
      const some = pending.splice(0, CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(types, some.length);
      for (const at of types.keys())
        chunk.setColumnValues(
          at,
          some.map((fact) => fact[at] as number | string | null),
        );
      appender.appendDataChunk(chunk);
    }
    if (isEnd) appender.closeSync();
  };
}
