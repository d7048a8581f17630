import { AppError } from "../errors.ts";
import { toNfc } from "../query/normal-form.ts";
import { quoteName } from "../query/sql.ts";
import { REFERENCE_COLUMNS, type ReferenceColumn, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { factColumns, type ImageColumn, imageColumnsOf, isOwn, OWN_IMAGE } from "../schema/image-columns.ts";
import { PARTITION_COLUMNS, RAW_VARIANTS, type RawVariant } from "../schema/partition.ts";
import type { ContentKind } from "../schema/upload.ts";
import { renamedNotices } from "./column-names.ts";
import { IMAGE_COLUMNS, type Input, PATH_COLUMNS, type SourceColumn } from "./input.ts";
import type { ContentSource } from "./row-contents.ts";

/** What the columns of an input are for, by their stored names. */
export interface ColumnRoles {
  /** Columns that are stored as they are. */
  kept: { source: SourceColumn; name: string }[];
  /** What each row brings along, column by column: the row's own first, if there is one. */
  contents: ContentColumn[];
  /** Stored name of the text that a file brings along beside an image (variant mixed). */
  textColumn: string | undefined;
  /** Variants that a raw upload of these columns may have, the one it has untold first. */
  rawVariants: RawVariant[];
  reference: { column: ReferenceColumn; expression: string } | null;
  notices: string[];
}

/** An image column, or the column of the rows' files, and where its contents come from. */
export interface ContentColumn extends ImageColumn {
  /** The input's column that brings them. */
  from: string;
  source: ContentSource;
}

interface NamedColumn {
  source: SourceColumn;
  name: string;
}

/**
 * Decides what each column is for.
 *
 * - Raw: an image column gives variant image, a path column files (or image, where `variant` says so), both mixed,
 *   neither text. `image_path` beside an image column is that image's path. In a mixed upload the image is the row's
 *   content, and the text of the file is stored beside it as `<column>_text`.
 * - Task: a reference column, or images of its own; with `image` and a reference the images win, since equal bytes meet
 *   again anyway.
 *
 * Of several image columns, `image` or `image_bytes` is the row's own, else the first; the others keep their names.
 * A column with the name of one of the lake's facts is kept as `label_<name>`. Throws
 * `invalid_input` for a second file column, and where that name is taken.
 */
export function assignRoles(
  input: Input,
  names: ReadonlyMap<string, string>,
  type: "raw" | "task",
  variant?: string,
): ColumnRoles {
  const notices: string[] = [];
  const columns = input.columns.map((source) => ({ source, name: names.get(source.name) ?? source.name }));
  const given = columns.filter(({ name }) => !isPartitionColumn(name));
  const dropped = columns.filter(({ name }) => isPartitionColumn(name)).map(({ name }) => name);
  if (dropped.length > 0) notices.push(`dropped ${dropped.join(", ")}: the partition states it`);

  const references = type === "task" ? given.filter(({ name }) => isReference(name)) : [];
  const free = given.map((column) => (references.includes(column) ? column : besideFacts(column, given)));
  for (const [at, { name, source }] of free.entries()) {
    if (name !== given[at]?.name) {
      notices.push(
        `the column ${source.name} is stored as ${name}: the lake has a column of that name itself`,
      );
    }
  }
  const named = free.filter((column) => isImageColumn(column, references.length > 0));
  const paths = references.length > 0 ? [] : free.filter((column) => isPathColumn(column, type));
  const embedded = free.filter((column) => column.source.embedded !== undefined && !named.includes(column));
  // Where rows refer to a page, or name its path, that is their own image.
  const hasOwn = references.length > 0 || paths.some(({ name }) => name === "image_path");
  // A row has one image of its own: of a list none is it.
  const image = named[0] ?? (hasOwn ? undefined : embedded.find(({ source }) => !source.embedded?.list));
  const further = [...named, ...embedded].filter((column) => column !== image);
  if (image !== undefined && !named.includes(image)) {
    notices.push(`the column ${image.source.name} is stored as image: it is the first column with images`);
  }
  const beside = image ? paths.find(({ name }) => name === "image_path") : undefined;
  const file = onlyOneFile(paths.filter((column) => column !== beside));

  const bringsImages = image !== undefined || (type === "task" && file !== undefined);
  const reference = bringsImages ? undefined : firstReference(references);
  const unused = references.filter((column) => column !== reference);
  if (unused.length > 0) {
    const why = bringsImages
      ? "the rows have images of their own"
      : `rows refer to pages by ${reference?.name}`;
    notices.push(`dropped ${unused.map(({ name }) => name).join(", ")}: ${why}`);
  }
  const isImage = image !== undefined || further.length > 0 || type === "task" || variant === "image";
  const kind: ContentKind = isImage ? "image" : "file";
  const own = image ?? file;
  const contents: ContentColumn[] = further.map((column) => ({
    name: column.name,
    list: column.source.embedded?.list ?? false,
    from: column.source.name,
    source: { kind, textPath: undefined, name: undefined, ...cellsOf(column) },
  }));
  if (own) {
    const source = describeContent(own, beside, image && file, kind, references, type);
    contents.unshift({ ...OWN_IMAGE, from: own.source.name, source });
  }
  const consumed = [image, beside, image ? undefined : file, ...further, ...references];
  const kept = free.filter((column) => !consumed.includes(column));
  refuseFactNames(kept, contents);
  const plain = kept.filter(({ source, name }) => name === names.get(source.name));
  notices.push(...renamedNotices(plain.map(({ source, name }) => ({ given: source.name, stored: name }))));
  return {
    kept,
    contents,
    textColumn: image && file ? `${file.name}_text` : undefined,
    rawVariants: possibleVariants(image ?? further[0], file, further.length > 0),
    reference: reference
      ? { column: reference.name as ReferenceColumn, expression: referenceExpression(reference) }
      : null,
    notices,
  };
}

/** Where the bytes of an image column lie, and the path beside them. */
function cellsOf({ source }: NamedColumn): Pick<ContentSource, "embedded" | "path" | "page"> {
  const { embedded } = source;
  const path = embedded ? embedded.path : source.type === "NULL" ? undefined : quoteName(source.name);
  return { embedded: embedded?.bytes ? source.name : undefined, path, page: embedded?.page };
}

function describeContent(
  own: NamedColumn,
  beside: NamedColumn | undefined,
  text: NamedColumn | undefined,
  kind: ContentKind,
  references: readonly NamedColumn[],
  type: "raw" | "task",
): ContentSource {
  const { embedded, path, page } = cellsOf(own);
  const besidePath = beside && quoteName(beside.source.name);
  const given = references.find(({ name }) => name === "source_name");
  return {
    kind,
    embedded,
    path: path && besidePath ? `coalesce(${path}, ${besidePath})` : (path ?? besidePath),
    page,
    textPath: text && type === "raw" ? quoteName(text.source.name) : undefined,
    name: given && quoteName(given.source.name),
  };
}

function possibleVariants(
  image: NamedColumn | undefined,
  file: NamedColumn | undefined,
  several: boolean,
): RawVariant[] {
  if (image === undefined) return file ? ["files", "image"] : ["text"];
  // Beside other images a path is that of the row's own.
  return [file && !(several && file.name === "image_path") ? "mixed" : "image"];
}

/** Checks `--variant` of a raw upload against what its columns bring; throws `usage`. */
export function rawVariant(roles: ColumnRoles, given: string | undefined): RawVariant {
  const [untold] = roles.rawVariants;
  const chosen = given === undefined ? untold : RAW_VARIANTS.find((name) => name === given);
  if (chosen !== undefined && roles.rawVariants.includes(chosen)) return chosen;
  throw new AppError(
    "usage",
    `--variant ${given} does not match the input, whose columns make it ${roles.rawVariants.join(" or ")}; leave --variant out`,
    { details: { variant: given, possible: roles.rawVariants } },
  );
}

function isPartitionColumn(name: string): boolean {
  return (PARTITION_COLUMNS as readonly string[]).includes(name);
}

function isReference(name: string): boolean {
  return (REFERENCE_COLUMNS as readonly string[]).includes(name);
}

/** A text under an image column's name is the path of an image, unless rows refer to stored ones. */
function isImageColumn({ source, name }: NamedColumn, refers: boolean): boolean {
  if (!(IMAGE_COLUMNS as readonly string[]).includes(name)) return false;
  if (source.embedded) return !source.embedded.list;
  return !refers && (source.type === "VARCHAR" || source.type === "NULL");
}

/** In a task upload only images can come along. */
function isPathColumn({ source, name }: NamedColumn, type: "raw" | "task"): boolean {
  if (source.type !== "VARCHAR") return false;
  return type === "task" ? name === "image_path" : (PATH_COLUMNS as readonly string[]).includes(name);
}

function onlyOneFile(columns: readonly NamedColumn[]): NamedColumn | undefined {
  if (columns.length > 1) {
    const names = columns.map(({ source }) => source.name);
    throw new AppError(
      "invalid_input",
      `the columns ${names.join(" and ")} both contain a file, and a row has one: remove or rename the other`,
      { details: { columns: names } },
    );
  }
  return columns[0];
}

/** What the lake says of images is in columns of its own, whose names nothing else may have. */
function refuseFactNames(kept: readonly NamedColumn[], contents: readonly ContentColumn[]): void {
  const taken = new Map<string, string>(SYSTEM_COLUMNS.map(({ name }) => [name, "its own facts"]));
  for (const column of contents.filter((one) => !isOwn(one))) {
    for (const { name } of factColumns(column)) {
      const other = taken.get(name) ?? kept.find((one) => one.name === name)?.source.name;
      if (other !== undefined) {
        throw new AppError(
          "invalid_input",
          `the images of ${column.from} need a column ${name}, which is taken (${other}); rename one of them`,
          { details: { columns: [column.from, name] } },
        );
      }
      taken.set(name, column.from);
    }
  }
  const [alike] = imageColumnsOf(kept.map(({ source, name }) => ({ name, type: source.type })));
  if (alike === undefined || isOwn(alike)) return;
  throw new AppError(
    "invalid_input",
    `the columns ${alike.name}_hash, ${alike.name}_path and so on look like the lake's own columns for an image column ${alike.name}; rename or remove them`,
    { details: { column: alike.name } },
  );
}

function firstReference(references: readonly NamedColumn[]): NamedColumn | undefined {
  const chosen = REFERENCE_COLUMNS.map((column) => references.find(({ name }) => name === column)).find(
    Boolean,
  );
  if (chosen && chosen.source.type !== "VARCHAR") {
    throw new AppError(
      "type_mismatch",
      `the reference column ${chosen.name} is ${chosen.source.type} and must be text (VARCHAR); convert it`,
      { details: { column: chosen.name, type: chosen.source.type } },
    );
  }
  return chosen;
}

/** Names are stored composed (NFC); a `path` may be given with or without the folder `assets/` in front. */
function referenceExpression({ source, name }: NamedColumn): string {
  const value = quoteName(source.name);
  if (name === "hash") return `lower(${value})`;
  const composed = toNfc(value);
  return name === "path" ? `regexp_replace(${composed}, '^(.*/)?assets/(provider=)', '\\2')` : composed;
}

/**
 * Labels have a width or a path too: a column with the name of a fact that the lake itself fills is beside it under
 * another name. Throws `invalid_input` where that is taken as well.
 */
function besideFacts(column: NamedColumn, others: readonly NamedColumn[]): NamedColumn {
  if (!SYSTEM_COLUMNS.some(({ name }) => name === column.name)) return column;
  const name = `label_${column.name}`;
  if (!others.some((other) => other.name === name)) return { ...column, name };
  throw new AppError(
    "invalid_input",
    `the lake has a column ${column.name} itself, and ${name} is taken too; rename the column ${column.source.name} in the input`,
    { details: { columns: [column.source.name] } },
  );
}
