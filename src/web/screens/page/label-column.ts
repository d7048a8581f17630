import type { PageDocument } from "../../../schema/page-documents.ts";

type Column = PageDocument["columns"][number];

/** What a view of the whole row has in place of a column. */
const WHOLE_ROW = "*";

/** The column that holds the label; of a view that reads the whole row, all columns as one JSON object. */
export function labelColumnOf({
  columns,
  label,
}: Pick<PageDocument, "columns" | "label">): Column | undefined {
  const name = label?.column ?? "label";
  if (name !== WHOLE_ROW) return columns.find((column) => column.name === name);
  const fields = columns.map((column) => `${JSON.stringify(column.name)}: ${jsonOf(column)}`);
  return {
    name: columns.map((column) => column.name).join(", "),
    type: "JSON",
    value: `{${fields.join(",")}}`,
  };
}

/** As the view reads it: texts that hold an object or a list are JSON themselves, so are values that are no text. */
function jsonOf({ type, value }: Column): string {
  if (value === null) return "null";
  const isJson = type !== "VARCHAR" || /^\s*[{[]/.test(value);
  return isJson && canParse(value) ? value : JSON.stringify(value);
}

function canParse(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
