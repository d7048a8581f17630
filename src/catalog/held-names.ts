import type { Lake } from "../lake/lake.ts";
import { openDatabase } from "../query/database.ts";
import { quoteList, quoteText } from "../query/sql.ts";
import type { NameLookup } from "../schema/receiving.ts";
import { stemsOf } from "../util/source-stem.ts";
import { readPartition } from "./partition.ts";

/**
 * Which of some names rows of a partition have, by the one column `source_name` of its files. Stems that occur more often
 * than pages of them are there are left out: which of them is meant only a job finds out.
 */
export async function heldNames(
  lake: Lake,
  { key, column, names }: NameLookup,
  { scratch }: { scratch: string },
): Promise<string[]> {
  const database = await openDatabase({ scratch, memory: "256MB", threads: 1 });
  try {
    const state = await readPartition(database, lake, key);
    if (!state?.columns.some(({ name }) => name === "source_name")) return [];
    const files = quoteList(state.files.map(({ path }) => path));
    const rows = `read_parquet(${files}, union_by_name = true, hive_partitioning = false)`;
    const byStem = column === "source_stem";
    const wanted = byStem ? names.map(lastPart) : names;
    const given = `from_json(${quoteText(JSON.stringify([...new Set(wanted)]))}, '["VARCHAR"]')`;
    const found = await database.rows<{ name: string }>(
      `WITH given AS (SELECT unnest(${given}) AS name),
        there AS (SELECT source_name AS name FROM ${rows} WHERE source_name IS NOT NULL)
       ${byStem ? BY_STEM : "SELECT DISTINCT name FROM there WHERE name IN (SELECT name FROM given)"}`,
    );
    const there = found.map(({ name }) => name);
    return byStem ? ofStems(names, there) : there;
  } finally {
    database.close();
  }
}

/** As `stemsOf` finds them. */
const BY_STEM = `SELECT DISTINCT name FROM (SELECT name, regexp_extract(name, '[^/]*$') AS last,
    regexp_replace(regexp_replace(last, '#page=\\d+$', ''), '\\.[^.]*$', '') AS stem FROM there)
  WHERE stem IN (SELECT name FROM given) OR last IN (SELECT name FROM given)
    OR stem || regexp_extract(last, '(#page=\\d+)?$') IN (SELECT name FROM given)`;

function ofStems(values: readonly string[], there: readonly string[]): string[] {
  const pages = countBy(there.flatMap((name) => stemsOf(name)));
  const labels = countBy(values.map(lastPart));
  return values.filter((value) => {
    const stem = lastPart(value);
    return (pages.get(stem) ?? 0) >= (labels.get(stem) ?? 0);
  });
}

function countBy(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
