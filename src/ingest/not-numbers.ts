import type { Database } from "../query/database.ts";
import { losesNumbers } from "../query/duckdb/json-text.ts";
import { quoteName } from "../query/sql.ts";
import { parseType } from "../schema/type-tree.ts";
import { formatQuantity } from "../util/format.ts";
import type { Input } from "./input.ts";
import { isNested } from "./plain-types.ts";

/** Says which columns that are stored as JSON hold numbers that JSON does not have; other columns are not read for this. */
export async function notNumberNotices(
  columns: readonly { name: string; type: string }[],
  input: Pick<Input, "rows">,
  database: Database,
): Promise<string[]> {
  const tests = columns.flatMap(({ name, type }) => {
    const tree = parseType(type);
    const test = isNested(tree) ? losesNumbers(tree, quoteName(name)) : undefined;
    return test === undefined ? [] : [{ name, test }];
  });
  if (tests.length === 0) return [];
  const counts = tests.map(({ test }, at) => `count_if(${test}) AS c${at}`);
  const [found] = await database.rows<Record<string, number | bigint>>(
    `SELECT ${counts.join(", ")} FROM ${await input.rows()}`,
  );
  return tests.flatMap(({ name }, at) => {
    const count = Number(found?.[`c${at}`] ?? 0);
    if (count === 0) return [];
    return [
      `NaN or Infinity inside ${name} in ${formatQuantity(count, "row")}: null instead, because JSON has no such numbers`,
    ];
  });
}
