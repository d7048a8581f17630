import { AppError } from "../errors.ts";
import { quoteName } from "../query/sql.ts";
import { REFERENCE_COLUMNS, type ReferenceColumn, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { PARTITION_COLUMNS, RAW_VARIANTS, type RawVariant } from "../schema/partition.ts";
import type { ContentKind } from "../schema/upload.ts";
import { IMAGE_COLUMNS, type Input, PATH_COLUMNS, type SourceColumn } from "./input.ts";
import type { ContentSource } from "./row-contents.ts";

/** What the columns of an input are for, by their stored names. */
export interface ColumnRoles {
  /** Columns that are stored as they are. */
  kept: { source: SourceColumn; name: string }[];
  content: ContentSource | null;
  /** The input's column that brings the content. */
  contentColumn: string | undefined;
  /** Stored name of the text that a file brings along beside an image (variant mixed). */
  textColumn: string | undefined;
  /** Variants that a raw upload of these columns may have, the one it has untold first. */
  rawVariants: RawVariant[];
  reference: { column: ReferenceColumn; expression: string } | null;
  notices: string[];
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
 *   content, and the text of the file is stored beside it as `<column>_text`, because a row has one asset.
 * - Task: a reference column, or images of its own; with both the images win, since equal bytes meet again anyway.
 *
 * Throws `invalid_input` for a second image or file column and for names that only the lake fills.
 */
export function assignRoles(
  input: Input,
  names: ReadonlyMap<string, string>,
  type: "raw" | "task",
  variant?: string,
): ColumnRoles {
  const notices: string[] = [];
  const columns = input.columns.map((source) => ({ source, name: names.get(source.name) ?? source.name }));
  const free = columns.filter(({ name }) => !isPartitionColumn(name));
  const dropped = columns.filter(({ name }) => isPartitionColumn(name)).map(({ name }) => name);
  if (dropped.length > 0) notices.push(`dropped ${dropped.join(", ")}: the partition's path says it`);

  const references = type === "task" ? free.filter(({ name }) => isReference(name)) : [];
  refuseSystemColumns(free.filter((column) => !references.includes(column)));
  const image = onlyOne(
    free.filter((column) => isImageColumn(column, references.length > 0)),
    "image",
  );
  const paths = references.length > 0 ? [] : free.filter((column) => isPathColumn(column, type));
  const beside = image ? paths.find(({ name }) => name === "image_path") : undefined;
  const file = onlyOne(
    paths.filter((column) => column !== beside),
    "file",
  );

  const bringsImages = image !== undefined || (type === "task" && file !== undefined);
  const reference = bringsImages ? undefined : firstReference(references);
  const unused = references.filter((column) => column !== reference);
  if (unused.length > 0) {
    const why = bringsImages ? "the rows bring their images" : `rows are found by ${reference?.name}`;
    notices.push(`dropped ${unused.map(({ name }) => name).join(", ")}: ${why}`);
  }
  const rawVariants = possibleVariants(image, file);
  const kind: ContentKind = image || type === "task" || variant === "image" ? "image" : "file";
  const content = describeContent(image, beside, file, kind, references, type);
  const consumed = [image, beside, image ? undefined : file, ...references];
  return {
    kept: free.filter((column) => !consumed.includes(column)),
    content,
    contentColumn: content ? (image ?? file)?.source.name : undefined,
    textColumn: image && file ? `${file.name}_text` : undefined,
    rawVariants,
    reference: reference
      ? { column: reference.name as ReferenceColumn, expression: referenceExpression(reference) }
      : null,
    notices,
  };
}

function describeContent(
  image: NamedColumn | undefined,
  beside: NamedColumn | undefined,
  file: NamedColumn | undefined,
  kind: ContentKind,
  references: readonly NamedColumn[],
  type: "raw" | "task",
): ContentSource | null {
  const own = image ?? file;
  if (!own) return null;
  const embedded = own.source.embedded;
  const ownPath = embedded
    ? embedded.path
    : own.source.type === "NULL"
      ? undefined
      : quoteName(own.source.name);
  const besidePath = beside && quoteName(beside.source.name);
  const given = references.find(({ name }) => name === "source_name");
  return {
    kind,
    embedded: embedded?.bytes ? own.source.name : undefined,
    path: ownPath && besidePath ? `coalesce(${ownPath}, ${besidePath})` : (ownPath ?? besidePath),
    textPath: image && file && type === "raw" ? quoteName(file.source.name) : undefined,
    name: given && quoteName(given.source.name),
  };
}

function possibleVariants(image: NamedColumn | undefined, file: NamedColumn | undefined): RawVariant[] {
  if (image) return [file ? "mixed" : "image"];
  return file ? ["files", "image"] : ["text"];
}

/** Checks `--variant` of a raw upload against what its columns bring; throws `usage`. */
export function rawVariant(roles: ColumnRoles, given: string | undefined): RawVariant {
  const [untold] = roles.rawVariants;
  const chosen = given === undefined ? untold : RAW_VARIANTS.find((name) => name === given);
  if (chosen !== undefined && roles.rawVariants.includes(chosen)) return chosen;
  throw new AppError(
    "usage",
    `--variant ${given} does not agree with the input, whose columns make it ${roles.rawVariants.join(" or ")}; leave --variant out`,
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
  if (source.embedded) return true;
  return !refers && (source.type === "VARCHAR" || source.type === "NULL");
}

/** In a task upload only images can come along. */
function isPathColumn({ source, name }: NamedColumn, type: "raw" | "task"): boolean {
  if (source.type !== "VARCHAR") return false;
  return type === "task" ? name === "image_path" : (PATH_COLUMNS as readonly string[]).includes(name);
}

function onlyOne(columns: readonly NamedColumn[], kind: string): NamedColumn | undefined {
  if (columns.length > 1) {
    const names = columns.map(({ source }) => source.name);
    throw new AppError(
      "invalid_input",
      `the columns ${names.join(" and ")} both bring ${kind === "image" ? "an image" : "a file"}; a row has one: remove or rename the other`,
      { details: { columns: names } },
    );
  }
  return columns[0];
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
  const composed = `nfc_normalize(${value})`;
  return name === "path" ? `regexp_replace(${composed}, '^(.*/)?assets/(provider=)', '\\2')` : composed;
}

function refuseSystemColumns(columns: readonly NamedColumn[]): void {
  const system = new Set<string>(SYSTEM_COLUMNS.map((column) => column.name));
  const refused = columns.filter(({ name }) => system.has(name)).map(({ source }) => source.name);
  if (refused.length === 0) return;
  throw new AppError(
    "invalid_input",
    `the lake itself fills columns named ${refused.join(", ")}; rename or remove them in the input`,
    { details: { columns: refused } },
  );
}
