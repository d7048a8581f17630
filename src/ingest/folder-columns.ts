import { AppError } from "../errors.ts";
import { quoteName } from "../query/sql.ts";
import { IMAGE_PATH_COLUMN } from "./image-list.ts";
import type { SourceColumn } from "./input.ts";

/** A column of metadata that names images, relative to the metadata file, and the column of images that it makes. */
export interface NamingColumn {
  from: string;
  image: string;
  list: boolean;
}

/**
 * The naming columns as Hugging Face imagefolder takes them: `file_name` makes `image`, `mask_file_name` makes `mask`;
 * `file_names` and `page_file_names`, with lists, make `images` and `page`. Throws `invalid_input` where another
 * column has that name.
 */
export function namingColumns(path: string, columns: readonly SourceColumn[]): NamingColumn[] {
  const found = columns.flatMap(({ name, type, json }): NamingColumn[] => {
    const [, before, plural] = /^(?:(.+)_)?file_name(s?)$/.exec(name) ?? [];
    const list = plural === "s";
    if (plural === undefined || json === "value" || type !== (list ? "VARCHAR[]" : "VARCHAR")) return [];
    return [{ from: name, image: before ?? (list ? "images" : "image"), list }];
  });
  const sources = new Set(found.map(({ from }) => from));
  const others = columns.map(({ name }) => name).filter((name) => !sources.has(name));
  const taken = new Set(others.map((name) => name.toLowerCase()));
  for (const { from, image } of found) {
    if (taken.has(image.toLowerCase())) {
      throw new AppError(
        "invalid_input",
        `${path}: the images that ${from} names make a column ${image}, which another column uses too; rename one of them`,
        { details: { path, columns: [from, image] } },
      );
    }
    taken.add(image.toLowerCase());
  }
  return found;
}

/** Where the relation of the metadata has the paths of an image column. */
function pathColumn({ from, image }: NamingColumn): string {
  return from === "file_name" ? IMAGE_PATH_COLUMN : image;
}

/** The paths of a naming column, from the folder on; `below` is SQL of where the metadata file lies, with its slash. */
export function pathsBelow(column: NamingColumn, below: string): string {
  const from = quoteName(column.from);
  const paths = column.list ? `list_transform(${from}, lambda one: ${below} || one)` : `${below} || ${from}`;
  return `${paths} AS ${quoteName(pathColumn(column))}`;
}

/** The image column of a naming column, as an input has it. */
export function imageColumn(column: NamingColumn): SourceColumn {
  const embedded = { bytes: false, path: quoteName(pathColumn(column)) };
  return column.list
    ? { name: column.image, type: "VARCHAR[]", embedded: { ...embedded, list: true } }
    : { name: column.image, type: "VARCHAR", embedded };
}

/** A query for how many images the naming columns name. */
export function countNamed(relation: string, columns: readonly NamingColumn[]): string {
  const selects = columns.map((column) => {
    const path = quoteName(pathColumn(column));
    return `SELECT ${column.list ? `unnest(${path})` : path} AS path FROM ${relation}`;
  });
  return `SELECT count(DISTINCT path) AS count FROM (${selects.join(" UNION ALL ")})`;
}
