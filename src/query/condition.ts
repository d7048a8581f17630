import type { Column } from "../schema/columns.ts";
import { markFor } from "../schema/escaped-text.ts";
import type { JsonStep } from "../schema/json-path.ts";
import { parseType } from "../schema/type-tree.ts";
import { renderNamedRows } from "./named-rows.ts";
import type { ColumnCondition } from "./row-plan.ts";
import { quoteName, quoteText } from "./sql.ts";
import { type AnyOf, anyText } from "./text-leaves.ts";

/** SQL that a value contains the search text; `known`: the value is known to be in NFC. */
export type Contains = (value: string, known: boolean) => string;

export interface SearchAt {
  steps: readonly JsonStep[];
  text: string;
  /** SQL that the column contains the text anywhere. */
  isIn: string;
  contains: Contains;
}

/** Building blocks of conditions in an engine's SQL. */
export interface ConditionDialect {
  any: AnyOf;
  hasValue(column: Column): string;
  hasValueAt(name: string, steps: readonly JsonStep[]): string;
  /** A text in NFC. */
  composed(value: string): string;
  /** The first text contains the second. */
  holds(value: string, text: string): string;
  /** A string, number, true, false or null at a path contains the text. */
  containsAt(column: string, search: SearchAt): string;
  /** A string of JSON with the mark contains it, decoded: `decodedStrings` of schema/escaped-text.ts. */
  decodedContains(value: string, mark: string, contains: Contains): string;
}

/**
 * Renders conditions on rows, which give true, false or NULL. `normal`: all texts of the columns are known to
 * be in NFC and are searched as stored.
 */
export function conditionRenderer(dialect: ConditionDialect) {
  return ({ columns, text, steps, ignoreCase, rows }: ColumnCondition, normal: boolean): string => {
    if (rows !== undefined) return renderNamedRows(rows);
    if (text === undefined) {
      return anyOf(
        columns.map((column) => (steps ? dialect.hasValueAt(column.name, steps) : dialect.hasValue(column))),
      );
    }
    const contains: Contains = (value, known) => {
      const composed = known ? value : dialect.composed(value);
      if (!ignoreCase) return dialect.holds(composed, quoteText(text));
      return dialect.holds(`lower(${composed})`, `lower(${quoteText(text)})`);
    };
    const holds = (value: string) =>
      `(${contains(value, normal)} OR ${dialect.decodedContains(value, markFor(text), contains)})`;
    return anyOf(
      columns.map(({ name, type }) => {
        const column = quoteName(name);
        if (!steps) return anyText(parseType(type), column, holds, dialect.any);
        return dialect.containsAt(column, { steps, text, isIn: contains(column, normal), contains });
      }),
    );
  };
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : `(${conditions.join(" OR ")})`;
}
