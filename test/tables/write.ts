import { readFile, writeFile } from "node:fs/promises";
import { tableFromIPC, tableToIPC } from "apache-arrow";
import { loadParquetWasm } from "../../src/native.ts";
import { parseMap, parseType, type TypeTree } from "../../src/schema/type-tree.ts";
import { type Compared, isNumber } from "./compare.ts";
import type { MadeColumn } from "./generate.ts";

/** The same table as an Arrow stream, written by a library that the reader does not use for it. */
export async function arrowOf(parquet: string, path: string): Promise<void> {
  const { readParquet } = await loadParquetWasm();
  await writeFile(path, readParquet(await readFile(parquet)).intoIPCStream());
}

/** An Arrow file or stream as Parquet. */
export async function parquetOf(arrow: string, path: string): Promise<void> {
  const { Table, writeParquet } = await loadParquetWasm();
  const stream = tableToIPC(tableFromIPC(await readFile(arrow)), "stream");
  await writeFile(path, writeParquet(Table.fromIPCStream(stream)));
}

export async function jsonLinesOf(
  rows: Compared["rows"],
  columns: readonly MadeColumn[],
  path: string,
): Promise<void> {
  const lines = rows.map((row) => {
    const fields = columns.map(
      ({ name, type }) => `${JSON.stringify(name)}: ${jsonOf(row[name], parseType(type))}`,
    );
    return `{${fields.join(", ")}}\n`;
  });
  await writeFile(path, lines.join(""));
}

/** JSON with all digits of numbers. */
function jsonOf(value: unknown, type: TypeTree): string {
  if (value === null || value === undefined) return "null";
  if (type.kind === "list")
    return `[${(value as unknown[]).map((one) => jsonOf(one, type.element)).join(", ")}]`;
  if (type.kind === "struct") {
    const fields = value as Record<string, unknown>;
    return `{${type.fields.map((field) => `${JSON.stringify(field.name)}: ${jsonOf(fields[field.name], field.type)}`).join(", ")}}`;
  }
  const map = parseMap(type.name);
  if (map) {
    const entries = value as { key: string; value: unknown }[];
    return `{${entries.map((entry) => `${JSON.stringify(entry.key)}: ${jsonOf(entry.value, map.value)}`).join(", ")}}`;
  }
  return isNumber(type) ? String(value) : JSON.stringify(value);
}

/** Scalars alone: a cell is text. */
export async function csvOf(
  rows: Compared["rows"],
  columns: readonly MadeColumn[],
  path: string,
): Promise<void> {
  const cell = (value: unknown) => (value === null ? "" : `"${String(value).replaceAll('"', '""')}"`);
  const lines = rows.map((row) => columns.map(({ name }) => cell(row[name])).join(","));
  await writeFile(path, [columns.map(({ name }) => name).join(","), ...lines, ""].join("\r\n"));
}
