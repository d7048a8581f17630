import type { Cell } from "../../../query/output/cells.ts";
import { searchedColumns } from "../../../query/row-plan.ts";
import { decodedStrings } from "../../../schema/escaped-text.ts";
import { lakeColumnNames } from "../../../schema/image-columns.ts";
import { type JsonStep, parseJsonPath, valuesAt } from "../../../schema/json-path.ts";
import { PARTITION_COLUMNS } from "../../../schema/partition.ts";
import { type RowQuery, type RowResult, searchedTexts } from "../../../schema/query.ts";
import { createFind, type Excerpt, excerptOf, type Find } from "./excerpt.ts";

/** A column of the printed table: one or several columns of the rows, or the values at a path in one. */
export interface HitColumn {
  title: string;
  /** Searched columns, which keep their width. */
  searched: boolean;
  align: "left" | "right";
  /** Its text for a row of a batch with these cells. */
  excerpt(cells: readonly Cell[], row: number): Excerpt;
}

/** A person knows a row by its name: that goes before everything but what was searched for. */
const NAME = "source_name";
/** System columns that are useful in a table, last; hashes and paths are in the other formats. */
const TOLD = new Set(["width", "height"]);
const KEYS = new Set<string>(PARTITION_COLUMNS);
export const NULL_TEXT = "NULL";
/** Maximum of values of one row at a path that are joined. */
const VALUES_SHOWN = 20;

/** The columns of a table of hits, most telling first, and those of the rows that are left out of it. */
export function chooseColumns(
  { columns, partitions }: Pick<RowResult, "columns" | "partitions">,
  query: RowQuery,
): { shown: HitColumn[]; left: string[] } {
  const searchedFor = searchedTexts(query);
  const find = searchedFor && createFind(searchedFor, query.ignore_case ?? false);
  const steps = query.json_path === undefined ? undefined : (parseJsonPath(query.json_path) as JsonStep[]);
  const where: HitColumn[] = partitions.length > 1 ? [partitionColumn(columns)] : [];
  const searched: HitColumn[] = [];
  const names: HitColumn[] = [];
  const others: HitColumn[] = [];
  const sizes: HitColumn[] = [];
  const left: string[] = [];
  const ofLake = lakeColumnNames(columns);
  const everywhere = new Set(searchedColumns(columns, [{ columns }]).map(({ name }) => name));
  for (const [at, column] of columns.entries()) {
    const { name, type } = column;
    if (KEYS.has(name)) continue;
    const looked =
      query.column === undefined ? find !== undefined && everywhere.has(name) : query.column === name;
    if (looked) {
      const title = query.json_path === undefined ? name : `${name} ${query.json_path}`;
      const text = steps ? valuesText(steps, find) : (value: string) => shownText(value, find);
      const hit = textColumn(title, at, type, { searched: true, find, text });
      if (name === NAME) searched.unshift(hit);
      else searched.push(hit);
      continue;
    }
    const list = name === NAME ? names : TOLD.has(name) ? sizes : others;
    if (list === others && ofLake.has(name)) left.push(name);
    else list.push(textColumn(name, at, type, { searched: false }));
  }
  return { shown: [...where, ...searched, ...names, ...others, ...sizes], left };
}

function partitionColumn(columns: RowResult["columns"]): HitColumn {
  const positions = PARTITION_COLUMNS.map((key) => columns.findIndex(({ name }) => name === key));
  return {
    title: "partition",
    searched: false,
    align: "left",
    excerpt: (cells, row) => excerptOf(positions.map((at) => cells[at]?.(row) ?? "").join("/")),
  };
}

interface TextOptions {
  searched: boolean;
  find?: Find | undefined;
  text?: (value: string) => string;
}

function textColumn(
  title: string,
  at: number,
  type: string,
  { searched, find, text = (value) => value }: TextOptions,
): HitColumn {
  return {
    title,
    searched,
    align: /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type) ? "right" : "left",
    excerpt: (cells, row) => {
      const value = cells[at]?.(row);
      return value === undefined ? excerptOf(NULL_TEXT) : excerptOf(text(value), find);
    },
  };
}

/** A match in a JSON string that is escaped is shown decoded. */
function shownText(value: string, find: Find | undefined): string {
  const isFound = (text: string) => find?.(text.normalize("NFC"), 0) !== undefined;
  if (find === undefined || isFound(value)) return value;
  const strings = decodedStrings(value, "\\").filter((text) => text !== undefined && isFound(text));
  return strings.length === 0 ? value : strings.slice(0, VALUES_SHOWN).join(" · ");
}

/** The values at a path of a text that is JSON, side by side; where a text is searched, those in which it stands. */
function valuesText(steps: readonly JsonStep[], find: Find | undefined): (text: string) => string {
  return (text) => {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      return text;
    }
    const values = valuesAt(document, steps).filter((value) => {
      if (find === undefined) return value !== null && value !== "";
      if (typeof value === "object" && value !== null) return false;
      return find(String(value).normalize("NFC"), 0) !== undefined;
    });
    const shown = values.slice(0, VALUES_SHOWN);
    const texts = shown.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
    return [...texts, ...(values.length > shown.length ? ["…"] : [])].join(" · ");
  };
}
