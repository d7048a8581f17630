import { quoteName } from "../../query/sql.ts";
import { formatQuantity } from "../../util/format.ts";
import { IMAGE_PATH_COLUMN } from "../image-list.ts";
import type { Input, InputContext, SourceColumn } from "../input.ts";
import { pagedTiffNotices } from "../paged-tiffs.ts";
import { describeDocuments } from "./documents.ts";
import type { CollectionPlace, FoundFiles } from "./found-files.ts";
import { findTiffs } from "./found-tiffs.ts";
import { LABEL_COLUMN, labelledRows, writeList } from "./page-rows.ts";
import { labelStemPath, pairLabels, stemPath } from "./pairing.ts";
import { splitColumn, splitNotices } from "./split-folders.ts";
import { summarize } from "./summary.ts";

/** Column of the rows with the page of the document that their path names. */
const PAGE = "__page";
const SHOWN_NOTICES = 5;

/** Images and the pages of documents, one row each in the order of paths, with their labels where there are any. */
export async function openPages(
  found: FoundFiles,
  { path, folder }: CollectionPlace,
  context: InputContext,
): Promise<Input> {
  const { database } = context;
  const documents = await describeDocuments(found, folder, context);
  const tiffs = await findTiffs(found, folder, database);
  const labels = await findLabels(found, documents.table, context);
  const split = await splitColumn(found, path, context);
  const hasDocuments = found.count("document") > 0;
  const ofDocuments = hasDocuments ? [{ name: PAGE, type: "INTEGER" }] : [];
  const columns = [{ name: IMAGE_PATH_COLUMN, type: "VARCHAR" }, ...ofDocuments, ...split.columns];
  const select = `SELECT path AS ${quoteName(IMAGE_PATH_COLUMN)}, ${hasDocuments ? `page AS ${quoteName(PAGE)},` : ""}
    ${split.select} ${labels.count > 0 ? "label," : ""} reject AS __reject
    FROM (${selectPages(found.table, documents.table, labels)}) ORDER BY given, string_split(path, '/'), page`;
  const list = await writeList(select, context);
  const unsplit = await splitNotices(
    `SELECT path FROM ${quoteName(found.table)} WHERE kind IN ('image', 'document')`,
    context,
  );
  const unlabelled = labels.count > 0 ? "count(*) FILTER (label IS NULL AND __reject IS NULL)" : "0";
  const [counted] = await database.rows<{ rows: number; unlabelled: number }>(
    `SELECT count(*)::INTEGER AS rows, ${unlabelled}::INTEGER AS unlabelled FROM ${list}`,
  );
  const without = counted?.unlabelled ?? 0;
  const rows =
    labels.count > 0
      ? labelledRows({ select: `SELECT * FROM ${list}`, columns }, { found, folder }, context)
      : async () => list;
  for (const table of [documents.table, labels.pairs, labels.unpaired])
    await database.run(`DROP TABLE ${quoteName(table)}`);
  const image: SourceColumn = {
    name: "image",
    type: "VARCHAR",
    embedded: {
      bytes: false,
      path: quoteName(IMAGE_PATH_COLUMN),
      ...(hasDocuments && { page: quoteName(PAGE) }),
    },
  };
  const none = () => Promise.reject(new Error("a collection has no embedded cells"));
  return {
    format: "collection",
    path,
    folder,
    sizeBytes: found.sizeBytes,
    fileCount: found.fileCount,
    rowCount: counted?.rows ?? 0,
    columns: [image, ...split.columns, ...(labels.count > 0 ? [LABEL_COLUMN] : [])],
    features: {},
    rejects: quoteName("__reject"),
    summary: summarize({
      pdfs: documents.pdfs,
      tiffs: documents.tiffs,
      images: found.count("image") + found.count("document") - documents.pdfs.files - documents.tiffs.files,
      labels: labels.count,
      paired: labels.paired,
    }),
    lockedDocuments: documents.locked,
    notices: [
      ...(without > 0
        ? [`${formatQuantity(without, "page")} ${without === 1 ? "has" : "have"} no label`]
        : []),
      ...(labels.byName > 0
        ? [
            `${formatQuantity(labels.byName, "label")} ${labels.byName === 1 ? "was" : "were"} matched with a page by the file name alone: no folder of theirs is the same`,
          ]
        : []),
      ...unsplit,
      ...(await pagedTiffNotices(tiffs)),
      ...shortened(documents.notices),
      ...found.leftOut.notices(),
    ],
    rows,
    names: async () => list,
    embedded: () => ({ [Symbol.asyncIterator]: () => ({ next: none }) }),
    openEntry: (entry) => found.archives.find(entry),
  };
}

/** Of thousands of documents some notices are enough. */
function shortened(notices: readonly string[]): string[] {
  const more = notices.length - SHOWN_NOTICES;
  return more > 0 ? [...notices.slice(0, SHOWN_NOTICES), `${more} more of this kind`] : [...notices];
}

interface FoundLabels {
  pairs: string;
  unpaired: string;
  /** JSON files that are labels. */
  count: number;
  paired: number;
  /** Pairs for which no folder speaks. */
  byName: number;
}

/** Without a single label that has a page, fewer JSON files than this part of the pages are no labels of them. */
const FEW = 0.1;

/**
 * JSON files are labels, also those without a page, but for one that is alone in a folder above others and has no page:
 * `dataset_info.json` is no label. Where none has a page, few beside many pages are none either. These are left out.
 */
async function findLabels(
  found: FoundFiles,
  documents: string,
  { database }: InputContext,
): Promise<FoundLabels> {
  const [pairs, unpaired, files] = ["pairs", "unpaired", "files"].map((name) => `${found.table}_${name}`) as [
    string,
    string,
    string,
  ];
  const table = quoteName(found.table);
  await database.run(
    `CREATE TABLE ${quoteName(files)} AS SELECT path, kind = 'json' AS is_label, zip, zip_depth FROM ${table}
     WHERE ${found.count("json") > 0} AND (kind IN ('json', 'image')
       OR path IN (SELECT path FROM ${quoteName(documents)} WHERE pages <= 1))
     UNION ALL SELECT ${pageName("path", "unnest(range(1, pages + 1))")}, false, zip, zip_depth
     FROM ${table} JOIN ${quoteName(documents)} USING (path) WHERE ${found.count("json") > 0} AND pages > 1`,
  );
  await pairLabels(database, { files, pairs, unpaired });
  await database.run(`DROP TABLE ${quoteName(files)}`);
  const last = (stem: string) => `string_split(${stem}, '/')[-1]`;
  await database.run(
    `UPDATE ${quoteName(unpaired)} SET reason = d.path || ' has ' || d.pages || ' pages; the label of one is named ' || d.stem || '#page=1.json'
     FROM (SELECT min(path) AS path, arg_min(pages, path) AS pages, ${last(stemPath("path"))} AS stem
       FROM ${quoteName(documents)} WHERE pages > 1 GROUP BY stem) AS d
     WHERE reason LIKE 'no page is named %' AND d.stem = ${last(labelStemPath("label"))}`,
  );
  const [counted] = await database.rows<{ paired: number; byName: number }>(
    `SELECT count(*)::INTEGER AS paired, (count(*) FILTER (by_name))::INTEGER AS "byName" FROM ${quoteName(pairs)}`,
  );
  const paired = counted?.paired ?? 0;
  const folder = (path: string) => `regexp_replace(${path}, '[^/]*$', '')`;
  const isAlone = `${folder("label")} IN (
      SELECT ${folder("path")} AS folder FROM ${table} WHERE kind = 'json' GROUP BY folder HAVING count(*) = 1)
    AND EXISTS (SELECT 1 FROM ${table} WHERE starts_with(path, ${folder("label")}) AND path <> label)`;
  // what is given by itself is meant as labels
  const isBeside = `label IN (SELECT path FROM ${table} WHERE given IN (
      SELECT given FROM ${table} WHERE kind IN ('image', 'document')))`;
  const areFew = found.count("json") < FEW * (found.count("image") + found.count("document"));
  const isOther = `reason LIKE 'no page is named %' AND ${paired > 0 ? isAlone : `${isBeside} AND (${areFew} OR (${isAlone}))`}`;
  const others = await database.rows<{ path: string }>(
    `SELECT label AS path FROM ${quoteName(unpaired)} WHERE ${isOther}
     UNION ALL SELECT path FROM ${table} WHERE kind IN ('table', 'metadata') ORDER BY path`,
  );
  for (const { path } of others) found.leftOut.add(path, "other");
  await database.run(`DELETE FROM ${quoteName(unpaired)} WHERE ${isOther}`);
  const [left] = await database.rows<{ count: number }>(
    `SELECT count(*)::INTEGER AS count FROM ${quoteName(unpaired)}`,
  );
  return { pairs, unpaired, count: paired + (left?.count ?? 0), paired, byName: counted?.byName ?? 0 };
}

/** SQL for the name of a page of a document. */
function pageName(path: string, page: string): string {
  return `${path} || '#page=' || ${page}`;
}

/** All rows: images, pages of documents, documents that cannot be opened, and labels without a page. */
function selectPages(found: string, documents: string, labels: FoundLabels): string {
  const [files, described, pairs, unpaired] = [found, documents, labels.pairs, labels.unpaired].map(
    quoteName,
  );
  const row = "given, path, NULL::INTEGER AS page";
  return `SELECT ${row}, pairs.label, NULL::VARCHAR AS reject
      FROM ${files} AS f LEFT JOIN ${pairs} AS pairs ON pairs.page = f.path WHERE kind = 'image'
    UNION ALL SELECT given, p.path, p.page, pairs.label, NULL
      FROM (SELECT given, f.path, pages, unnest(CASE d.pages WHEN 0 THEN [NULL] ELSE range(1, d.pages + 1) END)::INTEGER AS page
        FROM ${files} AS f JOIN ${described} AS d ON d.path = f.path) AS p
      LEFT JOIN ${pairs} AS pairs ON pairs.page = CASE WHEN pages > 1 THEN ${pageName("p.path", "p.page")} ELSE p.path END
    UNION ALL SELECT given, f.path, NULL, NULL, d.reason
      FROM ${files} AS f JOIN ${described} AS d ON d.path = f.path WHERE d.reason IS NOT NULL
    UNION ALL SELECT ${row}, NULL, 'the label has no page: ' || u.reason
      FROM ${files} AS f JOIN ${unpaired} AS u ON u.label = f.path`;
}
