import type { Database } from "../../query/database.ts";
import { quoteName } from "../../query/sql.ts";
import { splitOfPath } from "./split-folders.ts";

/** What a file is called without its extension, as SQL. */
export function stemPath(path: string): string {
  return `regexp_replace(nfc_normalize(${path}), '\\.[^./]*$', '')`;
}

/** The same of a label, which may have the page's whole name: `0001.jpg.json`. */
export function labelStemPath(path: string): string {
  return `regexp_replace(${stemPath(path)}, '\\.(jpe?g|png|tiff?|bmp|gif|webp|heic|jp2|pdf)$', '', 'i')`;
}

/** Folders that are compared at most: nobody keeps labels deeper than that apart. */
const MAX_LEVELS = 12;
/** Candidates in one reason. */
const SHOWN = 5;

/**
 * Finds the page of each label: files of the table `files` (`path`, `is_label`). A label and a page are a pair where they
 * have one name (without extension) and as many folders above it in common as possible, both being the only one of their
 * kind by that; those of one split (Training, Validation) first. So names need be unique only below what is common, and
 * nothing depends on the order. Makes the table `pairs` (`label`, `page`), and `unpaired` (`label`, `reason`).
 */
export async function pairLabels(
  database: Database,
  { files, pairs, unpaired }: { files: string; pairs: string; unpaired: string },
): Promise<void> {
  const [from, to, left] = [quoteName(files), quoteName(pairs), quoteName(unpaired)];
  const named = quoteName(`${files}_named`);
  await database.run(
    `CREATE TABLE ${named} AS SELECT path, is_label, string_split(CASE WHEN is_label THEN ${labelStemPath("path")} ELSE ${stemPath("path")} END, '/') AS parts,
      ${splitOfPath("path")} AS split FROM ${from}`,
  );
  await database.run(`CREATE TABLE ${to} (label VARCHAR, page VARCHAR)`);
  const [depth] = await database.rows<{ levels: number }>(
    `SELECT coalesce(max(len(parts)), 0)::INTEGER AS levels FROM ${named} WHERE is_label`,
  );
  const deepest = Math.min(MAX_LEVELS, depth?.levels ?? 0);
  const levels = Array.from(
    { length: deepest },
    (_, at) => `parts[greatest(1, len(parts) - ${deepest - 1 - at}):]`,
  );
  const steps = [["parts"], ...levels.map((key) => [key, "split"]), ...levels.map((key) => [key])];
  for (const keys of steps) {
    if (!(await hasUnpaired(database, named, to))) break;
    await database.run(pairStep(named, to, keys));
  }
  await database.run(`CREATE TABLE ${left} AS ${reasons(named, to)}`);
  await database.run(`DROP TABLE ${named}`);
}

async function hasUnpaired(database: Database, named: string, pairs: string): Promise<boolean> {
  const [left] = await database.rows(
    `SELECT 1 FROM ${named} WHERE is_label AND path NOT IN (SELECT label FROM ${pairs}) LIMIT 1`,
  );
  return left !== undefined;
}

/** Pairs what is one label and one page of one key, and has no other half yet. */
function pairStep(named: string, pairs: string, keys: readonly string[]): string {
  const select = keys.map((key, at) => `${key} AS k${at}`).join(", ");
  const names = keys.map((_, at) => `k${at}`).join(", ");
  const only = (isLabel: boolean) =>
    `SELECT ${names}, any_value(path) AS path FROM (SELECT path, ${select} FROM ${named} WHERE is_label = ${isLabel})
     GROUP BY ${names} HAVING count(*) = 1`;
  const same = keys.map((_, at) => `l.k${at} IS NOT DISTINCT FROM p.k${at}`).join(" AND ");
  return `INSERT INTO ${pairs} SELECT l.path, p.path FROM (${only(true)}) AS l JOIN (${only(false)}) AS p ON ${same}
    WHERE l.path NOT IN (SELECT label FROM ${pairs}) AND p.path NOT IN (SELECT page FROM ${pairs})`;
}

/** Why a label has no page, with the candidates. */
function reasons(named: string, pairs: string): string {
  return `WITH stems AS (
      SELECT parts[-1] AS stem, list(path ORDER BY path) FILTER (NOT is_label) AS pages,
        count(*) FILTER (is_label) AS labels FROM ${named} GROUP BY stem)
    SELECT path AS label, CASE
      WHEN pages IS NULL THEN 'no page is named ' || stem
      WHEN len(pages) = 1 AND pairs.label IS NOT NULL THEN pages[1] || ' has a label already: ' || pairs.label
      WHEN len(pages) = 1 THEN labels || ' labels are named ' || stem || ', and one page: ' || pages[1]
      ELSE len(pages) || ' pages are named ' || stem || ': ' || array_to_string(pages[:${SHOWN}], ', ')
        || CASE WHEN len(pages) > ${SHOWN} THEN '...' ELSE '' END END AS reason
    FROM ${named} JOIN stems ON stems.stem = parts[-1] LEFT JOIN ${pairs} AS pairs ON pairs.page = pages[1]
    WHERE is_label AND path NOT IN (SELECT label FROM ${pairs})`;
}
