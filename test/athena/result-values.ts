/** Values as GetQueryResults gives them: texts, as Athena prints each type. */

export interface ColumnInfo {
  Name: string;
  Type: string;
  Precision?: number;
  Scale?: number;
}

export function athenaColumn({ name, type }: { name: string; type: string }): ColumnInfo {
  const [, base = "", inner] = /^([a-z]+)(?:\((.*)\))?$/is.exec(type) ?? [];
  if (base === "decimal") {
    const [precision, scale] = (inner ?? "").split(",").map(Number);
    return { Name: name, Type: "decimal", Precision: precision ?? 38, Scale: scale ?? 0 };
  }
  return { Name: name, Type: base === "real" ? "float" : base };
}

/** A value of Trino's JSON; undefined for NULL. */
export function athenaText(value: unknown, type: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (type.startsWith("varbinary")) {
    return Buffer.from(String(value), "base64")
      .toString("hex")
      .replace(/..(?=.)/g, "$& ");
  }
  return textOf(value);
}

function textOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([name, item]) => `${name}=${textOf(item)}`)
      .join(", ")}}`;
  }
  return String(value);
}
