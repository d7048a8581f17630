import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { formatType, parseMap, parseType, type TypeTree } from "../schema/type-tree.ts";
import type { Input, SourceColumn } from "./input.ts";

const RANGED = /\bDECIMAL\(|\bTIME(_NS)?\b(?! WITH)/;

/**
 * Throws `invalid_input` for a value that the bytes of a file can say and its type cannot: decimals of more digits,
 * times of day that are none. The engine does not look: it stores and shows other numbers, or fails later.
 */
export async function refuseOutsideValues(
  columns: readonly SourceColumn[],
  input: Pick<Input, "path" | "rows">,
  database: Database,
): Promise<void> {
  const ranged = columns.filter(({ type }) => RANGED.test(type));
  if (ranged.length === 0) return;
  const tests = ranged.map(
    ({ name, type }, at) => `bool_or(${outside(parseType(type), quoteName(name)) ?? false}) AS c${at}`,
  );
  const [found] = await database.rows<Record<string, boolean | null>>(
    `SELECT ${tests.join(", ")} FROM ${await input.rows()}`,
  );
  const hit = ranged.find((_, at) => found?.[`c${at}`] === true);
  if (hit === undefined) return;
  const what = /\bDECIMAL\(/.test(hit.type)
    ? `a number of more digits than its type ${hit.type} has`
    : `a time of day outside of 00:00 to 24:00`;
  throw new AppError(
    "invalid_input",
    `${input.path} has ${what} in the column ${JSON.stringify(hit.name)}; leave it empty, or write the column as text`,
    { details: { path: input.path, column: hit.name } },
  );
}

/** SQL that some part of a value is outside of its type; undefined where none can be. */
function outside(tree: TypeTree, value: string, depth = 0): string | undefined {
  const element = `x${depth}`;
  const anyOf = (list: string, type: TypeTree) => {
    const test = outside(type, element, depth + 1);
    return test && `coalesce(list_bool_or(list_transform(${list}, lambda ${element}: ${test})), false)`;
  };
  if (tree.kind === "list") {
    const list = tree.length === undefined ? value : `${value}::${formatType(tree.element)}[]`;
    return anyOf(list, tree.element);
  }
  if (tree.kind === "struct") {
    return either(
      tree.fields.map(({ name, type }) =>
        outside(type, `struct_extract(${value}, ${quoteText(name)})`, depth),
      ),
    );
  }
  const map = parseMap(tree.name);
  if (map !== undefined)
    return either([anyOf(`map_keys(${value})`, map.key), anyOf(`map_values(${value})`, map.value)]);
  const [, digits, scale] = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(tree.name) ?? [];
  if (digits !== undefined) {
    const most = `CAST('${largest(Number(digits), Number(scale))}' AS ${tree.name})`;
    return `${value} NOT BETWEEN -${most} AND ${most}`;
  }
  if (tree.name !== "TIME" && tree.name !== "TIME_NS") return undefined;
  const time = (text: string) => `CAST('${text}' AS ${tree.name})`;
  return `${value} NOT BETWEEN ${time("00:00:00")} AND ${time("24:00:00")}`;
}

function largest(digits: number, scale: number): string {
  return `${"9".repeat(digits - scale) || "0"}.${"9".repeat(scale)}`;
}

function either(tests: readonly (string | undefined)[]): string | undefined {
  const some = tests.filter((test) => test !== undefined);
  return some.length === 0 ? undefined : `(${some.map((test) => `coalesce(${test}, false)`).join(" OR ")})`;
}
