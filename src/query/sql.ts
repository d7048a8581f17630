import { AppError } from "../errors.ts";

/** `"name"`: an identifier for DuckDB, Trino and Athena DML. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `'text'`: a string literal; throws if the text contains NUL. */
export function quoteText(text: string): string {
  if (text.includes("\0"))
    throw new AppError("usage", "a text with a NUL character cannot be searched; remove the character");
  return `'${text.replaceAll("'", "''")}'`;
}

/** `['a', 'b']`: a DuckDB list of string literals. */
export function quoteList(texts: Iterable<string>): string {
  return `[${Array.from(texts, quoteText).join(", ")}]`;
}

/** `"a", "b"`: a select list. */
export function quoteNames(names: Iterable<string>): string {
  return Array.from(names, quoteName).join(", ");
}

/** `` `name` ``: an identifier in Hive and Athena DDL. */
export function quoteHiveName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** `'text'` in Hive DDL, which uses backslash escapes. */
export function quoteHiveText(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
