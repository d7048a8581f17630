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

/** A digest has so many bytes; what is none is stored as text behind more zeros than that. */
const DIGEST_BYTES = 32;
const PADDING = DIGEST_BYTES + 1;

/**
 * The columns of a table that do not stand in it as they are, by name: digests are bytes, that of the source only where
 * the asset has another, and a path is stored only where the asset's hash and format do not say it. Any other value of such a column is kept as it is.
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
    const source = named("source_hash");
    if ([hash, source].every(isText)) forms.set(source, sourceForm(source, hash));
    if ([hash, format, path].every(isText)) forms.set(path, pathForm(path, hash, format));
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
    encode: `CASE WHEN strlen(${column}) = ${2 * DIGEST_BYTES} AND ${column} = lower(${column}) THEN coalesce(TRY(unhex(${column})), ${asText})
      WHEN ${column} IS NOT NULL THEN ${asText} END`,
    decode: decodeDigest(column),
  };
}

function decodeDigest(column: string): string {
  return `CASE WHEN octet_length(${column}) = ${DIGEST_BYTES} THEN lower(hex(${column})) ELSE decode(unhex(hex(${column})[${2 * PADDING + 1}:])) END`;
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
