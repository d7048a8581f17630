import type { Database } from "../../query/database.ts";
import { quoteName, quoteText } from "../../query/sql.ts";
import { PAGE_ENDINGS } from "../file-kinds.ts";
import { areParallel, withoutKind } from "./folder-kinds.ts";
import { splitOfPath } from "./split-folders.ts";

/** What a file is called without its extension, as SQL; of a page of a document too: `a.pdf#page=3` is `a#page=3`. */
export function stemPath(path: string): string {
  return `regexp_replace(nfc_normalize(${path}), '\\.[^./]*?(#page=\\d+)?$', '\\1')`;
}

const PAGE_ENDING = `\\.(?:${PAGE_ENDINGS.map((ending) => ending.slice(1)).join("|")})`;

/** The same of a label, which may have the page's whole name: `0001.jpg.json`. */
export function labelStemPath(path: string): string {
  return `regexp_replace(${stemPath(path)}, ${quoteText(`${PAGE_ENDING}$`)}, '', 'i')`;
}

/** A stem by which labels and pages of a document meet: without the document's ending before the number. */
function byNumber(stem: string): string {
  return `regexp_replace(${stem}, ${quoteText(`${PAGE_ENDING}(#page=\\d+)$`)}, '\\1', 'i')`;
}

/** Folders that are compared at most: nobody keeps labels deeper than that apart. */
const MAX_LEVELS = 12;
/** Candidates in one reason. */
const SHOWN = 5;

/** A label and a page have these keys in common, and no other label or page has them. */
interface Step {
  keys: readonly string[];
  /** What has to be true of two whose folders differ, by the columns of `comparePairs`. */
  mayDiffer: string;
}

/**
 * Finds the page of each label: files of the table `files` (`path`, `is_label`, and of those in a zip `zip` with
 * `zip_depth`, the folders that are its name). A pair has one name without extension, and one folder; else one but for what
 * says its kind (images, labels); else one within two zips; else as many folders above it in common as possible. Each is the
 * only one of its kind by that, splits agree, and folders are not those of two documents. Nothing depends on the order.
 * Makes the table `pairs` (`label`, `page`, `by_name`: no folder speaks for it), and `unpaired` (`label`, `reason`).
 */
export async function pairLabels(
  database: Database,
  { files, pairs, unpaired }: { files: string; pairs: string; unpaired: string },
): Promise<void> {
  const [from, to, left] = [quoteName(files), quoteName(pairs), quoteName(unpaired)];
  const [named, holders] = [quoteName(`${files}_named`), quoteName(`${files}_holders`)];
  await database.run(`CREATE TABLE ${named} AS ${selectNamed(from)}`);
  await database.run(
    `CREATE TABLE ${holders} AS SELECT DISTINCT is_label, folders[:depth] AS folder
     FROM (SELECT *, unnest(range(1, len(folders) + 1)) AS depth FROM (SELECT DISTINCT is_label, folders FROM ${named}))`,
  );
  await database.run(`CREATE TABLE ${to} (label VARCHAR, page VARCHAR, by_name BOOLEAN)`);
  const [depth] = await database.rows<{ levels: number }>(
    `SELECT coalesce(max(len(parts)), 0)::INTEGER AS levels FROM ${named} WHERE is_label`,
  );
  for (const step of stepsOf(Math.min(MAX_LEVELS, depth?.levels ?? 0))) {
    if (!(await keepUnpaired(database, named, to))) break;
    await database.run(pairStep(named, holders, to, step));
  }
  await database.run(`CREATE TABLE ${left} AS ${reasons(named, to)}`);
  for (const table of [named, holders]) await database.run(`DROP TABLE ${table}`);
}

/**
 * Files with the `parts` of their paths, the last without extension: the `stem`; and their `folders` without what says a
 * kind, of those in zips also without the zip's (`inner_folders`).
 */
function selectNamed(files: string): string {
  const plain = (folders: string) =>
    `list_filter(list_transform(${folders}, lambda name: ${withoutKind("name")}), lambda name: name <> '')`;
  const stem = byNumber(`CASE WHEN is_label THEN ${labelStemPath("path")} ELSE ${stemPath("path")} END`);
  return `SELECT *, ${splitOfPath("array_to_string(list_append(folders, stem), '/')")} AS split FROM (
      SELECT path, is_label, zip, parts, parts[-1] AS stem, ${plain("parts[:-2]")} AS folders,
        CASE WHEN zip IS NOT NULL THEN ${plain("parts[zip_depth + 1:-2]")} END AS inner_folders
      FROM (SELECT *, string_split(${stem}, '/') AS parts FROM ${files}))`;
}

function stepsOf(deepest: number): Step[] {
  const last = (list: string, count: number) => `${list}[greatest(1, len(${list}) - ${count - 1}):]`;
  const ends = Array.from({ length: deepest }, (_, at) => deepest - at).flatMap((count) => [
    [last("parts", count)],
    ...(count > 1 ? [["stem", last("folders", count - 1)]] : []),
  ]);
  return [
    { keys: ["parts"], mayDiffer: "true" },
    { keys: ["stem", "folders"], mayDiffer: "true" },
    ...[["split"], []].flatMap((split) => [
      {
        keys: ["stem", "inner_folders", ...split],
        mayDiffer: "in_two_zips AND NOT is_mixed AND (len(inner_folders) > 0 OR NOT is_series)",
      },
      ...ends.map((keys) => ({
        keys: [...keys, ...split],
        mayDiffer: "NOT is_mixed AND NOT is_series AND (below > 0 OR is_only)",
      })),
    ]),
  ];
}

/** Leaves in the table what has the name of a label without a page; false where there is none. */
async function keepUnpaired(database: Database, named: string, pairs: string): Promise<boolean> {
  const unpaired = `is_label AND path NOT IN (SELECT label FROM ${pairs})`;
  await database.run(
    `DELETE FROM ${named} WHERE stem NOT IN (SELECT DISTINCT stem FROM ${named} WHERE ${unpaired})`,
  );
  const [left] = await database.rows(`SELECT 1 FROM ${named} LIMIT 1`);
  return left !== undefined;
}

/** Pairs what is one label and one page of one key, and has no other half yet. */
function pairStep(named: string, holders: string, pairs: string, { keys, mayDiffer }: Step): string {
  const select = keys.map((key, at) => `${key} AS k${at}`).join(", ");
  const names = keys.map((_, at) => `k${at}`).join(", ");
  const only = (isLabel: boolean) =>
    `SELECT ${names}, any_value(path) AS path FROM (SELECT path, ${select} FROM ${named} WHERE is_label = ${isLabel})
     GROUP BY ${names} HAVING count(*) = 1`;
  const same = keys.map((_, at) => `l.k${at} IS NOT DISTINCT FROM p.k${at}`).join(" AND ");
  return `INSERT INTO ${pairs}
    WITH found AS (
      SELECT l.path AS label, p.path AS page FROM (${only(true)}) AS l JOIN (${only(false)}) AS p ON ${same}
      WHERE l.path NOT IN (SELECT label FROM ${pairs}) AND p.path NOT IN (SELECT page FROM ${pairs})),
    compared AS (${comparePairs("found", named, holders)})
    SELECT label, page, NOT (is_same OR in_two_zips OR says_folder) FROM compared
    WHERE split_agrees AND (NOT differ OR (${mayDiffer}))`;
}

/**
 * Compares the folders of found pairs: how many are the same from the top (`above`) and, below what is not, from the end
 * (`below`); whether both have others between these (`differ`), whether these are like a series (`doc1`, `doc2`), or one
 * of them holds files of the other kind too (`is_mixed`); whether nothing else has the name anywhere (`is_only`).
 */
function comparePairs(found: string, named: string, holders: string): string {
  const same = (one: string, other: string, slice: string) =>
    `len(list_filter(range(1, least(len(${one}), len(${other})) + 1), lambda i: ${one}[${slice}] = ${other}[${slice}]))`;
  const parallel = areParallel("lf[above + i]", "pf[above + i]");
  return `SELECT *,
      len(list_filter(range(1, least(len(lf), len(pf)) - above - below + 1), lambda i: ${parallel})) > 0 AS is_series,
      lf[:above + 1] IN (SELECT folder FROM ${holders} WHERE NOT is_label)
        OR pf[:above + 1] IN (SELECT folder FROM ${holders} WHERE is_label) AS is_mixed,
      stem IN (SELECT stem FROM ${named} GROUP BY stem HAVING count(*) = 2) AS is_only,
      least(len(lf), len(pf)) > above + below AS differ,
      below > 0 OR ends > 0 AS says_folder
    FROM (SELECT *, least(under, least(len(lf), len(pf)) - above) AS below FROM (
      SELECT label, page, l.stem, l.folders AS lf, p.folders AS pf, l.inner_folders,
        l.folders = p.folders AS is_same,
        coalesce(l.zip <> p.zip AND l.inner_folders = p.inner_folders, false) AS in_two_zips,
        coalesce(l.split = p.split, true) AS split_agrees,
        ${same("l.folders", "p.folders", ":i")} AS above,
        ${same("l.folders", "p.folders", "-i:")} AS under,
        ${same("l.parts[:-2]", "p.parts[:-2]", "-i:")} AS ends
      FROM ${found} JOIN ${named} AS l ON l.path = label JOIN ${named} AS p ON p.path = page
      WHERE l.is_label AND NOT p.is_label))`;
}

/** Why a label has no page, with the candidates. */
function reasons(named: string, pairs: string): string {
  return `WITH stems AS (
      SELECT stem, list(path ORDER BY path) FILTER (NOT is_label) AS pages,
        any_value(split) FILTER (NOT is_label) AS split, count(*) FILTER (is_label) AS labels FROM ${named} GROUP BY stem)
    SELECT path AS label, CASE
      WHEN pages IS NULL THEN 'no page is named ' || stem
      WHEN len(pages) = 1 AND pairs.label IS NOT NULL THEN pages[1] || ' has a label already: ' || pairs.label
      WHEN len(pages) = 1 AND stems.split <> n.split THEN pages[1] || ' is of another split'
      WHEN len(pages) = 1 AND labels = 1 THEN pages[1] || ' has its name, but lies in a folder of another document'
      WHEN len(pages) = 1 THEN labels || ' labels are named ' || stem || ', and one page: ' || pages[1]
      ELSE len(pages) || ' pages are named ' || stem || ': ' || array_to_string(pages[:${SHOWN}], ', ')
        || CASE WHEN len(pages) > ${SHOWN} THEN '...' ELSE '' END END AS reason
    FROM ${named} AS n JOIN stems USING (stem) LEFT JOIN ${pairs} AS pairs ON pairs.page = pages[1]
    WHERE is_label AND path NOT IN (SELECT label FROM ${pairs})`;
}
