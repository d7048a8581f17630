import { AppError } from "../errors.ts";

/** `"name"`: an identifier for DuckDB, Trino and Athena DML alike. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `'text'`: a string literal; NUL cannot stand in one and is refused. */
export function quoteText(text: string): string {
  if (text.includes("\0"))
    throw new AppError("usage", "a text with a NUL character cannot be searched; remove the character");
  return `'${text.replaceAll("'", "''")}'`;
}

/** `['a', 'b']`: a DuckDB list of string literals, for file lists and IN tests. */
export function quoteList(texts: Iterable<string>): string {
  return `[${Array.from(texts, quoteText).join(", ")}]`;
}

/** `"a", "b"`: names as a select list. */
export function quoteNames(names: Iterable<string>): string {
  return Array.from(names, quoteName).join(", ");
}

/** `` `name` ``: an identifier in the DDL of Hive and Athena. */
export function quoteHiveName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** `'text'` in Hive's DDL, where a backslash escapes. */
export function quoteHiveText(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
