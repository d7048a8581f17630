import { throwIfCancelled } from "../../errors.ts";
import { columnsOf, readLabelRows } from "../../export/label-rows.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { createEngine } from "../../query/create-engine.ts";
import { compileView, type LabelReader } from "../../schema/labels/read-label.ts";
import { readRowLabel } from "../../schema/labels/row-label.ts";
import { viewOf } from "../../schema/labels/task-view.ts";
import type { View } from "../../schema/labels/view.ts";
import type { StatisticsDocument } from "../../schema/page-documents.ts";
import { formatPartition } from "../../schema/partition.ts";
import type { RowQuery } from "../../schema/query.ts";
import type { OperationTools } from "../operation.ts";
import { createTally, rangeOf, scriptsOf } from "./tally.ts";

type Tools = OperationTools<{ rows_done: number; rows_total: number }, unknown>;

/** Lower bounds of ranges: megapixels per page, regions per page, characters per text. */
const MEGAPIXELS = [0, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];
const REGIONS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
const LETTERS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const MAX_BARS = 200;

/** Reads every selected row once, in constant memory. */
export async function countRows(
  query: RowQuery,
  { lake, settings, signal, report }: Tools,
): Promise<StatisticsDocument> {
  const engine = await createEngine("duckdb", async () => lake, settings);
  try {
    const taxonomy = await readTaxonomy(lake);
    const rows = await engine.retrieveWithExistingCols(query, signal);
    const readers = new Map<string, { view: View; read: LabelReader } | undefined>();
    for (const key of rows.partitions) {
      const view = viewOf(taxonomy, key)?.view;
      readers.set(formatPartition(key), view && { view, read: compileView(view) });
    }
    const counts = { rows: 0, pages: 0, labels: 0, regions: 0, characters: 0, words: 0 };
    const [formats, sizes, regionsOfPage, lengths, categories, scripts] = Array.from(
      { length: 6 },
      createTally,
    );
    const columns = (key: Parameters<typeof formatPartition>[0]) => {
      const reader = readers.get(formatPartition(key));
      return new Set(["format", ...(reader ? [...asSet(columnsOf(reader.view), rows.columns)] : [])]);
    };
    for await (const batch of readLabelRows(rows, columns)) {
      throwIfCancelled(signal);
      for (const { partition, cells, page } of batch) {
        counts.rows++;
        if (page !== null) {
          counts.pages++;
          formats?.add(String(cells.format ?? "unknown"));
          sizes?.add(rangeOf((page.width * page.height) / 1e6, MEGAPIXELS));
        }
        const reader = readers.get(formatPartition(partition));
        const found = reader && readRowLabel(cells, reader.view);
        if (reader === undefined || found === undefined || "fault" in found) continue;
        counts.labels++;
        const { regions } = reader.read(found.label, page);
        counts.regions += regions.length;
        regionsOfPage?.add(rangeOf(regions.length, REGIONS));
        for (const { text, category } of regions) {
          categories?.add(category ?? "");
          if (text === null) continue;
          const letters = Array.from(text).length;
          counts.characters += letters;
          counts.words += text.split(/\s+/u).filter((word) => word !== "").length;
          lengths?.add(rangeOf(letters, LETTERS));
          for (const script of scriptsOf(text)) scripts?.add(script);
        }
      }
      report({ rows_done: counts.rows, rows_total: rows.rowCount });
    }
    return {
      generation: rows.generation,
      rows_read: counts.rows,
      ...counts,
      formats: formats?.top(MAX_BARS) ?? [],
      sizes: sizes?.inOrder(MEGAPIXELS.map(String)) ?? [],
      regions_per_page: regionsOfPage?.inOrder(REGIONS.map(String)) ?? [],
      text_length: lengths?.inOrder(LETTERS.map(String)) ?? [],
      categories: categories?.top(MAX_BARS) ?? [],
      scripts: scripts?.top(MAX_BARS) ?? [],
    };
  } finally {
    engine.close();
  }
}

function asSet(columns: "all" | ReadonlySet<string>, all: readonly { name: string }[]): ReadonlySet<string> {
  return columns === "all" ? new Set(all.map(({ name }) => name)) : columns;
}
