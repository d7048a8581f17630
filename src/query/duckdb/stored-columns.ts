import { ASSET_PATH } from "../../lake/layout.ts";
import type { Column } from "../../schema/columns.ts";
import { factColumn, type ImageColumn, type ImageFact, imageColumnsOf } from "../../schema/image-columns.ts";
import { quoteName, quoteText } from "../sql.ts";

/** How a column stands in a table of rows, where that is not as it is. */
export interface StoredForm {
  /** DuckDB type in the table. */
  type: string;
  /** SQL that makes of the row's columns what is stored. */
  encode: string;
  /** SQL that makes the value of what is stored. */
  decode: string;
}

/** Bytes of a digest, whole or of pixels; what is none is stored as text behind more zeros than these. */
const DIGEST_BYTES = [16, 32] as const;
const PADDING = Math.max(...DIGEST_BYTES) + 1;

/**
 * The columns of a table that do not stand in it as they are, by name: digests are bytes, that of the source only where
 * the asset has another, a path is stored only where the asset's hash and format do not say it, and a file's name is in
 * parts. Any other value of such a column is kept as it is.
 */
export function storedForms(columns: readonly Column[]): Map<string, StoredForm> {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const isText = (name: string) => types.get(name) === "VARCHAR";
  const forms = new Map<string, StoredForm>();
  const images = [OWN, ...imageColumnsOf(columns).filter(({ list }) => !list)];
  for (const image of images) {
    const named = (fact: ImageFact) => factColumn(image, fact);
    for (const fact of DIGESTS) if (isText(named(fact))) forms.set(named(fact), digestForm(named(fact)));
    const [hash, format, path] = [named("hash"), named("format"), named("path")];
    const [source, name] = [named("source_hash"), named("source_name")];
    if ([hash, source].every(isText)) forms.set(source, sourceForm(source, hash));
    if ([hash, format, path].every(isText)) forms.set(path, pathForm(path, hash, format));
    if (isText(name)) forms.set(name, nameForm(name));
  }
  return forms;
}

const OWN: ImageColumn = { name: "image", list: false };
const DIGESTS = ["hash", "source_hash", "pixel_hash"] as const;

function digestForm(name: string): StoredForm {
  const column = quoteName(name);
  const asText = `unhex(repeat('00', ${PADDING}) || hex(encode(${column})))`;
  return {
    type: "BLOB",
    // Without a regular expression, in two thirds of the time.
    encode: `CASE WHEN strlen(${column}) IN (${DIGEST_BYTES.map((bytes) => 2 * bytes).join(", ")}) AND ${column} = lower(${column}) THEN coalesce(TRY(unhex(${column})), ${asText})
      WHEN ${column} IS NOT NULL THEN ${asText} END`,
    decode: decodeDigest(column),
  };
}

function decodeDigest(column: string): string {
  return `CASE WHEN octet_length(${column}) IN (${DIGEST_BYTES.join(", ")}) THEN lower(hex(${column})) ELSE decode(unhex(hex(${column})[${2 * PADDING + 1}:])) END`;
}

/** Most images are kept as they came: no byte stands for the digest of a source that is the asset's. */
function sourceForm(name: string, hash: string): StoredForm {
  const [source, digest] = [quoteName(name), quoteName(hash)];
  const own = digestForm(name);
  return {
    type: own.type,
    encode: `CASE WHEN ${source} = ${digest} THEN ''::BLOB ELSE ${own.encode} END`,
    decode: `CASE WHEN octet_length(${source}) = 0 THEN ${decodeDigest(digest)} ELSE ${own.decode} END`,
  };
}

/**
 * Most names are a counter between texts that many names share: the last number of up to 18 digits, as such and with its
 * length, for it may begin with zeros. A name without digits is all `before`, with 0 digits.
 */
function nameForm(name: string): StoredForm {
  const column = quoteName(name);
  const field = (part: string) => `struct_extract(${column}, '${part}')`;
  const number = `${field("number")}::VARCHAR`;
  const tail = `regexp_extract(${column}, '[0-9]{1,18}[^0-9]*$')`;
  // Each of the two patterns is matched in one pass, which one for all three parts is not.
  const split = `regexp_extract(${tail}, '^([0-9]+)([^0-9]*)$', ['digits', 'after'])`;
  const [digits, after] = [`struct_extract(${split}, 'digits')`, `struct_extract(${split}, 'after')`];
  return {
    type: 'STRUCT("before" VARCHAR, digits UTINYINT, number BIGINT, "after" VARCHAR)',
    encode: `struct_pack("before" := left(${column}, length(${column}) - length(${tail})), digits := strlen(${digits})::UTINYINT,
      number := TRY_CAST(${digits} AS BIGINT), "after" := ${after})`,
    // Few numbers begin with zeros: to fill them up takes as long as all the rest.
    decode: `${field("before")} || CASE WHEN ${field("digits")} = 0 THEN '' WHEN strlen(${number}) = ${field("digits")} THEN ${number} || ${field("after")}
      ELSE lpad(${number}, ${field("digits")}::INTEGER, '0') || ${field("after")} END`,
  };
}

/** Stands before a path that is not as hash and format say; nothing stands for one that is NULL where they are not. */
const MARK = "=";

function pathForm(name: string, hash: string, format: string): StoredForm {
  const path = quoteName(name);
  const [digest, kind] = [quoteName(hash), quoteName(format)];
  const isSaid = `${digest} IS NOT NULL AND ${kind} IS NOT NULL`;
  const said = `CASE WHEN ${isSaid} THEN concat(${assetPathParts(digest, kind).join(", ")}) END`;
  return {
    type: "VARCHAR",
    encode: `CASE WHEN ${path} IS DISTINCT FROM ${said} THEN coalesce('${MARK}' || ${path}, '') END`,
    decode: `CASE WHEN ${path} IS NULL THEN ${assetPathParts(decodeDigest(digest), kind).join(" || ")} WHEN ${path} <> '' THEN ${path}[2:] END`,
  };
}

/** SQL of the parts of the place of an asset of the row's dataset; NULL where hash or format are. */
function assetPathParts(hash: string, format: string): string[] {
  const parts: Record<string, string> = {
    provider: "provider",
    dataset: "dataset",
    ab: `${hash}[1:2]`,
    cd: `${hash}[3:4]`,
    hash,
    extension: `CASE ${format} WHEN 'jpeg' THEN 'jpg' ELSE ${format} END`,
  };
  const pieces = ASSET_PATH.split(/\{(\w+)\}/).filter((piece) => piece !== "");
  return pieces.map((piece) => parts[piece] ?? quoteText(piece));
}
