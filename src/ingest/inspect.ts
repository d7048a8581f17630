import type { RawVariant } from "../schema/partition.ts";
import type { ContentKind } from "../schema/upload.ts";
import { storedNames } from "./column-names.ts";
import type { Input, InputFormat } from "./input.ts";
import { assignRoles } from "./roles.ts";

/** What was found in an input, for people. */
export interface InputFacts {
  format: InputFormat;
  /** What was found, where the rows do not say it. */
  summary: string | undefined;
  rowCount: number;
  sizeBytes: number;
  fileCount: number;
  columns: { name: string; type: string }[];
  /** The same in a line; an image named so is enough said. */
  columnText: string;
  /** What the rows would bring along, and from which columns. */
  content: { kind: ContentKind; column: string } | null;
  /** Rows refer to pages, as labels do. */
  refersToPages: boolean;
  /** Raw variants that the columns allow, the one they have untold first. */
  rawVariants: RawVariant[];
  notices: string[];
}

/** Describes an opened input; throws `invalid_input` for columns that no upload of this type could have. */
export function inspectInput(input: Input, type: "raw" | "task"): InputFacts {
  const names = storedNames(input.columns.map((column) => column.name));
  const roles = assignRoles(input, names, type);
  const [own] = roles.contents;
  const from = roles.contents.map((column) => column.from);
  const { format, summary, rowCount, sizeBytes, fileCount } = input;
  const columns = input.columns.map(({ name, type, embedded }) => ({
    name,
    type: embedded ? "image" : type,
  }));
  return {
    format,
    summary,
    rowCount,
    sizeBytes,
    fileCount,
    columns,
    columnText: columns.map(({ name, type }) => (name === type ? name : `${name} ${type}`)).join(", "),
    content: own === undefined ? null : { kind: own.source.kind, column: from.join(", ") },
    refersToPages: roles.reference !== null,
    rawVariants: roles.rawVariants,
    notices: [...input.notices, ...roles.notices],
  };
}
