import { quoteText } from "../query/sql.ts";
import { formatType, parseMap, type TypeTree } from "../schema/type-tree.ts";

/** SQL for a value of structs, lists and maps as JSON that every reader takes. */
export function jsonOf(tree: TypeTree, expression: string): string {
  return tree.kind === "scalar" && tree.name === "VARIANT"
    ? `CAST(${expression} AS JSON)`
    : `to_json(${ready(tree, expression)})`;
}

/**
 * The value with parts that its JSON gives back: FLOAT 0.1 is 0.1, not 0.10000000149011612 (through its shortest text),
 * what is not a number is null, a time is in UTC, a VARIANT is what it holds.
 */
function ready(tree: TypeTree, expression: string, depth = 0): string {
  if (!/\b(FLOAT|DOUBLE|TIMESTAMP WITH TIME ZONE|VARIANT)\b/.test(formatType(tree))) return expression;
  const element = `x${depth}`;
  if (tree.kind === "list") {
    const list = `${expression}::${formatType(tree.element)}[]`;
    return `list_transform(${list}, lambda ${element}: ${ready(tree.element, element, depth + 1)})`;
  }
  if (tree.kind === "struct") {
    const fields = tree.fields.map((field) => {
      const key = quoteText(field.name);
      return `${key}: ${ready(field.type, `struct_extract(${expression}, ${key})`, depth)}`;
    });
    return `CASE WHEN ${expression} IS NULL THEN NULL ELSE {${fields.join(", ")}} END`;
  }
  const map = parseMap(tree.name);
  if (map !== undefined) {
    const value = ready(map.value, `${element}.value`, depth + 1);
    return mapValues(expression, element, value);
  }
  if (tree.name === "FLOAT") return finite(`CAST(CAST(${expression} AS VARCHAR) AS DOUBLE)`);
  if (tree.name === "DOUBLE") return finite(expression);
  if (tree.name === "VARIANT") return `CAST(${expression} AS JSON)`;
  if (tree.name === "TIMESTAMP WITH TIME ZONE") return `make_timestamp(epoch_us(${expression}))`;
  return expression;
}

function finite(expression: string): string {
  return `CASE WHEN isfinite(${expression}) THEN ${expression} END`;
}

/** A map with other values; `inside` makes one of `<element>.value`. */
export function mapValues(map: string, element: string, inside: string): string {
  return `map_from_entries(list_transform(map_entries(${map}), lambda ${element}: {k: ${element}.key, v: ${inside}}))`;
}
