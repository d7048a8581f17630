import { AppError } from "../../errors.ts";
import { quoteName, quoteText } from "../../query/sql.ts";
import type { InputContext } from "../input.ts";
import type { FoundFiles } from "./found-files.ts";

/** Folder names that say which split their files are of, in English and Korean, without numbers in front (`1.Training`). */
const SPLITS: Record<string, readonly string[]> = {
  train: ["train", "training", "학습", "훈련"],
  validation: ["validation", "valid", "val", "dev", "검증"],
  test: ["test", "testing", "시험", "테스트", "평가"],
};

export const SPLIT_COLUMN = "split";

/** SQL for the split that the outermost such folder of a path says; NULL where none does. */
export function splitOfPath(path: string): string {
  const names = `list_transform(string_split(nfc_normalize(${path}), '/')[:-2],
    lambda name: regexp_replace(lower(name), '^[\\s\\d._()\\[\\]-]+|[\\s\\d._()\\[\\]-]+$', '', 'g'))`;
  const cases = Object.entries(SPLITS).map(
    ([split, words]) =>
      `WHEN list_contains([${words.map(quoteText).join(", ")}], name) THEN ${quoteText(split)}`,
  );
  const found = `list_filter(list_transform(${names}, lambda name: CASE ${cases.join(" ")} END), lambda split: split IS NOT NULL)[1]`;
  // Most paths say none, which one look tells.
  const words = Object.values(SPLITS).flat().join("|");
  return `CASE WHEN regexp_matches(nfc_normalize(${path}), ${quoteText(`(?i)${words}`)}) THEN ${found} END`;
}

/** The same, of one path; undefined where no folder says one. */
export function splitOf(path: string): string | undefined {
  return splitFolderOf(path)?.split;
}

/** The outermost folder of a path that is named as a split. */
function splitFolderOf(path: string): { name: string; split: string } | undefined {
  for (const name of path.normalize("NFC").split("/").slice(0, -1)) {
    const word = name.toLowerCase().replace(/^[\s\d._()[\]-]+|[\s\d._()[\]-]+$/g, "");
    const found = Object.entries(SPLITS).find(([, words]) => words.includes(word));
    if (found) return { name, split: found[0] };
  }
  return undefined;
}

/** Tells of folders named as several splits, which are read without them. `paths` is SQL that gives `path`. */
export async function splitNotices(
  paths: string,
  { database, splitFromFolder }: Pick<InputContext, "database" | "splitFromFolder">,
): Promise<string[]> {
  if (splitFromFolder === true) return [];
  const found = await database.rows<{ path: string }>(
    `SELECT min(path) AS path FROM (${paths}) WHERE ${splitOfPath("path")} IS NOT NULL GROUP BY ${splitOfPath("path")} ORDER BY path`,
  );
  const names = found.flatMap(({ path }) => splitFolderOf(path)?.name ?? []);
  if (names.length < 2) return [];
  return [`folders are named ${names.join(", ")}: --split-from-folder makes them the column split`];
}

/** The column `split`, where it is asked for: SELECT of it, with a comma behind. Throws `invalid_input` where no folder says one. */
export async function splitColumn(
  found: FoundFiles,
  path: string,
  { database, splitFromFolder }: InputContext,
): Promise<{ columns: { name: string; type: string }[]; select: string }> {
  if (splitFromFolder !== true) return { columns: [], select: "" };
  const split = splitOfPath("path");
  const [some] = await database.rows(
    `SELECT 1 FROM ${quoteName(found.table)} WHERE ${split} IS NOT NULL LIMIT 1`,
  );
  if (some !== undefined)
    return { columns: [{ name: SPLIT_COLUMN, type: "VARCHAR" }], select: `${split} AS ${SPLIT_COLUMN},` };
  throw new AppError(
    "invalid_input",
    `no folder of ${path} is named Training, Validation or Test, as --split-from-folder needs; leave it out`,
    { details: { path } },
  );
}
