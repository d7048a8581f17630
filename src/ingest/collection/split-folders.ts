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
  for (const folder of path.normalize("NFC").split("/").slice(0, -1)) {
    const name = folder.toLowerCase().replace(/^[\s\d._()[\]-]+|[\s\d._()[\]-]+$/g, "");
    const found = Object.entries(SPLITS).find(([, words]) => words.includes(name));
    if (found) return found[0];
  }
  return undefined;
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
    return { columns: [{ name: "split", type: "VARCHAR" }], select: `${split} AS split,` };
  throw new AppError(
    "invalid_input",
    `no folder of ${path} is named Training, Validation or Test, as --split-from-folder needs; leave it out`,
    { details: { path } },
  );
}
