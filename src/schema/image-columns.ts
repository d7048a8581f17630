import * as v from "valibot";
import { type Column, SYSTEM_COLUMNS, UploadColumnSchema } from "./columns.ts";

const OF_THE_ROW = ["upload_id", "source_row"];
const SYSTEM_NAMES: readonly string[] = SYSTEM_COLUMNS.map(({ name }) => name);

/**
 * An image column of a partition. Rows store one column per fact of its images; exports restore the image.
 */
export const ImageColumnSchema = v.strictObject({
  name: UploadColumnSchema.entries.name,
  /** Each row has a list of images; facts are lists of the same length. */
  list: v.boolean(),
});
export type ImageColumn = v.InferOutput<typeof ImageColumnSchema>;

/** Image columns of an upload: fact columns must not collide with each other or with lake columns. */
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

/** The row's own image or file, whose facts have plain names (`hash`, `path`); others have `<name>_hash`. */
export const OWN_IMAGE: ImageColumn = { name: "image", list: false };

type SystemColumn = (typeof SYSTEM_COLUMNS)[number];
/** Facts of an image, named as the columns of the row's own image. */
export type ImageFact = Exclude<SystemColumn["name"], "upload_id" | "source_row">;

export const IMAGE_FACTS: readonly { name: ImageFact; type: string }[] = SYSTEM_COLUMNS.filter(
  (column): column is SystemColumn & { name: ImageFact } => !OF_THE_ROW.includes(column.name),
);

/** Facts that every image has; a group of columns with them is recognized as an image column. */
const KNOWN_BY = ["hash", "path", "width", "height", "format", "bytes", "source_hash"] as const;

export function isOwn({ name, list }: ImageColumn): boolean {
  return name === OWN_IMAGE.name && !list;
}

export function factColumn(column: ImageColumn, fact: ImageFact): string {
  return isOwn(column) ? fact : `${column.name}_${fact}`;
}

export function factColumns(column: ImageColumn): Column[] {
  return IMAGE_FACTS.map(({ name, type }) => ({
    name: factColumn(column, name),
    type: column.list ? `${type}[]` : type,
  }));
}

/** The image columns that these columns represent: the row's own first, then the others in order. */
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

/** Names of the columns that the lake fills: its own and the facts of all image columns. */
export function lakeColumnNames(columns: readonly Column[]): Set<string> {
  const facts = imageColumnsOf(columns).flatMap(factColumns);
  return new Set([...SYSTEM_NAMES, ...facts.map(({ name }) => name)]);
}
