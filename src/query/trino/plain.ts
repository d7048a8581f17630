import type { TypeTree } from "../../schema/type-tree.ts";
import { parseTrinoType } from "../statement/types.ts";

/** Converts rows of Trino's JSON to those of `StatementResult.rows`. `types` are Trino's names. */
export function plainReader(types: readonly string[]): (row: unknown[]) => unknown[] {
  const readers = types.map((type) => readerOf(parseTrinoType(type)));
  return (row) => row.map((value, at) => (value === null ? null : (readers[at]?.(value) ?? value)));
}

/** For values other than null. */
function readerOf(type: TypeTree): (value: unknown) => unknown {
  if (type.kind === "list") {
    const read = readerOf(type.element);
    return (value) => (value as unknown[]).map((item) => (item === null ? null : read(item)));
  }
  if (type.kind === "struct") {
    const fields = type.fields.map(({ name, type: inner }) => ({ name, read: readerOf(inner) }));
    return (value) => {
      const items = value as unknown[];
      return Object.fromEntries(
        fields.map(({ name, read }, at) => [name, items[at] == null ? null : read(items[at])]),
      );
    };
  }
  if (type.name === "BIGINT") return String;
  if (type.name === "BLOB") return (value) => new Uint8Array(Buffer.from(String(value), "base64"));
  if (type.name === "DOUBLE" || type.name === "FLOAT") return Number;
  return (value) => value;
}
