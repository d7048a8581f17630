import * as v from "valibot";
import { type Column, SYSTEM_COLUMNS, UploadColumnSchema } from "./columns.ts";

const OF_THE_ROW = ["upload_id", "source_row"];
const SYSTEM_NAMES: readonly string[] = SYSTEM_COLUMNS.map(({ name }) => name);

/**
 * A column of images in the rows of a partition. The rows do not hold it: they hold a column for each fact of its images,
 * and an export gives it back.
 */
export const ImageColumnSchema = v.strictObject({
  name: UploadColumnSchema.entries.name,
  /** A row has a list of images; every fact is then a list of the same length. */
  list: v.boolean(),
});
export type ImageColumn = v.InferOutput<typeof ImageColumnSchema>;

/** Those of one upload: no fact of one has the name of another's, or of what the lake says of the row. */
export const ImageColumnsSchema = v.pipe(
  v.array(ImageColumnSchema),
  v.minLength(1),
  v.maxLength(100, "are more than 100 columns of images"),
  v.check((columns) => {
    const further = columns.filter((column) => !isOwn(column)).flatMap(factColumns);
    const names = [...SYSTEM_NAMES, ...further.map(({ name }) => name)];
    return columns.filter(isOwn).length <= 1 && new Set(names).size === names.length;
  }, "name one column twice"),
);

/** The row's own image (or other file), whose facts have plain names: `hash`, `path`... Those of others are `<name>_hash`. */
export const OWN_IMAGE: ImageColumn = { name: "image", list: false };

type SystemColumn = (typeof SYSTEM_COLUMNS)[number];
/** Facts of an image, as the columns of the row's own are named. */
export type ImageFact = Exclude<SystemColumn["name"], "upload_id" | "source_row">;

export const IMAGE_FACTS: readonly { name: ImageFact; type: string }[] = SYSTEM_COLUMNS.filter(
  (column): column is SystemColumn & { name: ImageFact } => !OF_THE_ROW.includes(column.name),
);

/** By these a group of columns is known as the facts of an image column: each is there wherever there is an image. */
const KNOWN_BY = ["hash", "path", "width", "height", "format", "bytes", "source_hash"] as const;

/** Whether it is the row's own image. */
export function isOwn({ name, list }: ImageColumn): boolean {
  return name === OWN_IMAGE.name && !list;
}

/** The column that holds a fact of an image column. */
export function factColumn(column: ImageColumn, fact: ImageFact): string {
  return isOwn(column) ? fact : `${column.name}_${fact}`;
}

/** All columns that hold the facts of an image column, with their types. */
export function factColumns(column: ImageColumn): Column[] {
  return IMAGE_FACTS.map(({ name, type }) => ({
    name: factColumn(column, name),
    type: column.list ? `${type}[]` : type,
  }));
}

/** The image columns of rows that have these columns: the row's own first, then the others in their order. */
export function imageColumnsOf(columns: readonly Column[]): ImageColumn[] {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const found: ImageColumn[] = types.has("path") && types.has("width") ? [OWN_IMAGE] : [];
  for (const { name, type } of columns) {
    if (!name.endsWith("_path")) continue;
    const column = { name: name.slice(0, -"_path".length), list: type.endsWith("[]") };
    const isThere = KNOWN_BY.every((fact) => {
      const given = types.get(factColumn(column, fact));
      return given !== undefined && given.endsWith("[]") === column.list;
    });
    if (isThere && !isOwn(column)) found.push(column);
  }
  return found;
}

/** Names of those columns that the lake fills: its own of each row, and the facts of every image column. */
export function lakeColumnNames(columns: readonly Column[]): Set<string> {
  const facts = imageColumnsOf(columns).flatMap(factColumns);
  return new Set([...SYSTEM_NAMES, ...facts.map(({ name }) => name)]);
}
