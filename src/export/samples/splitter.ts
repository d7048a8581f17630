import { AppError, throwIfCancelled } from "../../errors.ts";
import { plainCells } from "../../query/output/cells.ts";
import type { Column } from "../../schema/columns.ts";
import {
  factColumn,
  type ImageColumn,
  type ImageFact,
  imageColumnsOf,
  isOwn,
  OWN_IMAGE,
} from "../../schema/image-columns.ts";
import type { RowResult } from "../../schema/query.ts";
import type { SampleWishes } from "../../schema/samples.ts";
import { createGroups, type GroupKey, nameOfKey } from "./groups.ts";
import { type SplitOf, splitOfGroup } from "./split.ts";

export interface SplitRequest {
  wishes: SampleWishes;
  rows: RowResult;
  /** Reads the rows once more, to see which belong together. */
  again(): Promise<RowResult>;
  signal: AbortSignal;
}

type CellOf = (name: string) => string | undefined;

/** Values that link rows: of a column, or made from several. */
interface Link {
  needs: readonly string[];
  read(cell: CellOf): readonly (string | undefined)[];
}

/** By which values rows belong together: what a person names, then the document, then the page. */
export async function splitterOf({
  wishes,
  rows,
  again,
  signal,
}: SplitRequest): Promise<SplitOf | undefined> {
  const { split: shares, group_by: groupBy } = wishes;
  if (shares === undefined) return undefined;
  const columns = new Set(rows.columns.map(({ name }) => name));
  const unknown = groupBy.find((name) => !columns.has(name));
  if (unknown !== undefined && rows.rowCount > 0)
    throw new AppError("usage", `--group-by ${unknown}: the rows have no such column, or no value in it`);
  const images = imagesOf(rows.columns);
  // Ranks are of all links: an image falls the same way as raw data and as a label, which have not the same columns.
  const links = [...groupBy.map(linkBy), linkBy("document"), linkByName(images), linkByHash(images)]
    .map((link, rank) => ({ ...link, rank }))
    .filter(({ needs }) => needs.every((name) => columns.has(name)));
  const keysOf = (cell: CellOf): GroupKey[] =>
    links.flatMap(({ read, rank }) =>
      read(cell).flatMap((value) => (value === undefined || value === "" ? [] : [{ rank, value }])),
    );
  if (links.length <= 1 && images.every(isOwn)) {
    return (cell) => {
      const [key] = keysOf(cell);
      return splitOfGroup(shares, key === undefined ? "" : nameOfKey(key));
    };
  }
  // Which rows are linked is known when all were seen.
  const groups = createGroups();
  const all = await again();
  const names = all.columns.map(({ name }) => name);
  for await (const batch of all.batches) {
    throwIfCancelled(signal);
    const cells = plainCells(batch);
    for (let row = 0; row < batch.numRows; row++)
      groups.add(keysOf((name) => cells[names.indexOf(name)]?.(row)));
  }
  return (cell) => splitOfGroup(shares, groups.nameOf(keysOf(cell)));
}

function linkBy(column: string): Link {
  return { needs: [column], read: (cell) => [cell(column)] };
}

/** Labels have no column `document`: they know the page that they are of by its name, `contract.pdf#page=3`. */
function linkByName(images: readonly ImageColumn[]): Link {
  return {
    needs: ["provider", "dataset", factColumn(images[0] ?? OWN_IMAGE, "source_name")],
    read: (cell) =>
      valuesOf(images, "source_name", cell).map((name) => {
        const [, file] = /^(.*)#page=\d+$/s.exec(name) ?? [];
        return file === undefined ? undefined : `${cell("provider")}/${cell("dataset")}/${file}`;
      }),
  };
}

function linkByHash(images: readonly ImageColumn[]): Link {
  return {
    needs: [factColumn(images[0] ?? OWN_IMAGE, "hash")],
    read: (cell) => valuesOf(images, "hash", cell),
  };
}

/** Columns that the pages of rows are in. */
function imagesOf(columns: readonly Column[]): ImageColumn[] {
  const further = imageColumnsOf(columns).filter((column) => !isOwn(column));
  return columns.some(({ name }) => name === "hash") ? [OWN_IMAGE, ...further] : further;
}

/** A fact of each page of a row. */
function valuesOf(images: readonly ImageColumn[], fact: ImageFact, cell: CellOf): string[] {
  return images.flatMap((column) => {
    const text = cell(factColumn(column, fact));
    if (text === undefined) return [];
    return column.list ? (JSON.parse(text) as (string | null)[]).map((value) => value ?? "") : [text];
  });
}
