import type { DuckDBAppender } from "@duckdb/node-api";
import { columnsOf } from "../export/label-rows.ts";
import { PAGE_FACTS, toPages } from "../export/page-cells.ts";
import type { Database } from "../query/database.ts";
import { quoteName } from "../query/sql.ts";
import type { ImageColumn } from "../schema/image-columns.ts";
import type { UploadOutcome } from "../schema/job.ts";
import type { Fault } from "../schema/labels/faults.ts";
import { compileView, type LabelReader } from "../schema/labels/read-label.ts";
import { type RowPage, readOnPages } from "../schema/labels/read-pages.ts";
import { readRowLabel } from "../schema/labels/row-label.ts";
import { viewOf } from "../schema/labels/task-view.ts";
import type { View } from "../schema/labels/view.ts";
import { pageResultColumns } from "../schema/pages.ts";
import type { WorkContext } from "./context.ts";
import { LABELS_TABLE, resultColumns } from "./row-results.ts";
import { needsResults, type StagedRows, selectFact, selectStaged } from "./select.ts";

type LabelOutcome = NonNullable<UploadOutcome["labels"]>;

const SHOWN = 5;

/**
 * Validates an upload's labels by the view of its task, with the pages found, and reports invalid ones;
 * undefined without a view. For a strict upload it creates the table of rejected rows.
 */
export async function checkLabels(
  context: WorkContext,
  source: StagedRows,
  { signal, onRows }: { signal: AbortSignal; onRows(): Promise<void> },
): Promise<LabelOutcome | undefined> {
  const { manifest } = source;
  const view = viewOf(await context.taxonomy(), manifest)?.view;
  if (view === undefined) return undefined;
  const rejects = manifest.strict ? await openRejects(context.database) : undefined;
  const outcome: LabelOutcome = { checked: 0, unfit: 0, faults: {}, first: [] };
  const read = compileView(view);
  try {
    for await (const row of readStaged(context.database, source, view, signal, onRows)) {
      const faults = row.isRejected ? [] : findFaults(row, view, read, outcome);
      rejects?.add(faults[0]);
    }
  } finally {
    rejects?.close();
  }
  return outcome;
}

function findFaults(row: StagedLabel, view: View, read: LabelReader, outcome: LabelOutcome): Fault[] {
  const found = readRowLabel(row.cells, view);
  if (found === undefined) return [];
  outcome.checked++;
  const faults = "fault" in found ? [found.fault] : readOnPages(read, found.label, row.pages).faults;
  const [first] = faults;
  if (first === undefined) return [];
  outcome.unfit++;
  for (const { kind } of faults) outcome.faults[kind] = (outcome.faults[kind] ?? 0) + 1;
  const { kind, at, message } = first;
  const { source_row, source_name } = row;
  if (outcome.first.length < SHOWN) outcome.first.push({ source_row, source_name, kind, at, message });
  return faults;
}

interface StagedLabel {
  source_row: number;
  source_name: string | null;
  isRejected: boolean;
  pages: RowPage[];
  /** Text unchanged, everything else as JSON. */
  cells: Record<string, string | null>;
}

/** Every staged row in order, with its label column and its pages. */
async function* readStaged(
  database: Database,
  source: StagedRows,
  view: View,
  signal: AbortSignal,
  onRows: () => Promise<void>,
): AsyncGenerator<StagedLabel> {
  const { manifest } = source;
  const wanted = columnsOf(view);
  const own = manifest.columns.filter(({ name }) => wanted === "all" || wanted.has(name));
  const found = new Set<string>(manifest.pages && pageResultColumns(manifest.pages).map(({ name }) => name));
  const labels = own.map(({ name, type }) => {
    const column = `${found.has(name) ? "r" : "s"}.${quoteName(name)}`;
    return `CAST(${type === "VARCHAR" ? column : `to_json(${column})`} AS VARCHAR)`;
  });
  const images = needsResults(manifest) ? resultColumns(manifest) : [];
  const facts = images.flatMap((column) => PAGE_FACTS.map((fact) => ({ column, fact })));
  const pages = facts.map(({ column, fact }) => `to_json(${selectFact(source, column, fact)})::VARCHAR`);
  for await (const chunk of database.chunks(selectStaged(source, [...pages, ...labels]), signal)) {
    const [rows = [], names = [], reasons = [], ...more] = chunk.getColumns();
    const texts = more.splice(facts.length);
    for (let row = 0; row < chunk.rowCount; row++) {
      yield {
        source_row: Number(rows[row]),
        source_name: (names[row] ?? null) as string | null,
        isRejected: reasons[row] != null,
        pages: findPages(images, (at) => (more[at]?.[row] ?? null) as string | null),
        cells: Object.fromEntries(
          own.map(({ name }, at) => [name, (texts[at]?.[row] ?? null) as string | null]),
        ),
      };
    }
    await onRows();
  }
}

/** The pages of a row, of the first image column that has some; `at` gives a fact of a column as JSON. */
function findPages(images: readonly ImageColumn[], at: (index: number) => string | null): RowPage[] {
  for (const index of images.keys()) {
    const [widths = [], heights = [], orientations = [], names = []] = PAGE_FACTS.map((_, fact) =>
      [JSON.parse(at(index * PAGE_FACTS.length + fact) ?? "null")].flat(),
    );
    const pages = toPages(widths, heights, orientations, names);
    if (pages.length > 0) return pages;
  }
  return [];
}

/** An empty table for one reason or NULL per staged row, in order. */
async function openRejects(
  database: Database,
): Promise<{ add(fault: Fault | undefined): void; close(): void }> {
  await database.run(`CREATE OR REPLACE TABLE ${LABELS_TABLE} (reason VARCHAR)`);
  const connection = await database.instance.connect();
  const appender: DuckDBAppender = await connection.createAppender(LABELS_TABLE);
  return {
    add: (fault) => {
      if (fault === undefined) appender.appendNull();
      else appender.appendVarchar(`its label does not fit the view: ${fault.at}: ${fault.message}`);
      appender.endRow();
    },
    close: () => {
      appender.closeSync();
      connection.closeSync();
    },
  };
}
