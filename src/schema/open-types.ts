/**
 * A column in which no value says a type (`[]`, `[null]`, `[[]]`) is stored as text in as many lists, and marked as open:
 * it meets every type of what has values.
 */
export interface TypedColumn {
  type: string;
  open?: boolean | null | undefined;
}

/** The type that stands in for one that no value says: text in as many lists. */
export function standInType(type: string): string {
  return `VARCHAR${"[]".repeat(listLevels(type))}`;
}

/** Whether a column of this type may have it for lack of values. */
export function isStandIn(type: string): boolean {
  return /^VARCHAR(\[\])*$/.test(type);
}

/** What values say of a column's type: `NULL[]` for lists in which there are none. */
export function saidType({ type, open }: TypedColumn): string {
  return open ? `NULL${"[]".repeat(listLevels(type))}` : type;
}

export function listLevels(type: string): number {
  return type.split("[]").length - 1;
}
