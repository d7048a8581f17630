import { AppError } from "../../errors.ts";
import { checkValue } from "../../schema/check.ts";
import { DEFAULT_ENGINE, describeEngines, ENGINE_NAMES, type EngineName } from "../../schema/engines.ts";
import { type RowQuery, RowQuerySchema } from "../../schema/query.ts";
import type { Flag, FlagValues } from "./command.ts";
import { readRowKeys } from "./rows-flag.ts";

/** Flags for the selection of rows, shared by `search` and `download`. */
export const QUERY_FLAGS = {
  provider: { type: "list", placeholder: "P", description: "Only these providers" },
  dataset: { type: "list", placeholder: "D", description: "Only these datasets" },
  task: { type: "list", placeholder: "T", description: "Only these tasks (raw: the images themselves)" },
  variant: { type: "list", placeholder: "V", description: "Only these variants" },
  text: {
    type: "text",
    placeholder: "TEXT",
    description: "Only rows that contain this text, taken literally",
  },
  column: {
    type: "text",
    placeholder: "C",
    description: "Search this column (default: any text column); without --text, rows with a value in it",
  },
  jsonPath: {
    type: "text",
    placeholder: "PATH",
    description: "Search this path of the column's JSON: $.words.text; lists are searched element by element",
  },
  ignoreCase: { type: "switch", description: "Ignore case when searching for --text" },
  eachWord: {
    type: "switch",
    description: "Rows that contain each word of --text, wherever it stands in them",
  },
  rows: {
    type: "text",
    placeholder: "FILE",
    description: "Only the rows that this file names, one key a line, as the page gives them",
  },
  where: {
    type: "list",
    placeholder: "NAME=VALUE",
    description:
      "Only rows with this value (lang=ko) or in this range (width=1000..2000); of one name any, of several all",
  },
  limit: { type: "number", placeholder: "N", description: "Maximum number of rows" },
} as const satisfies Record<string, Flag>;

export const ENGINE_FLAG = {
  type: "text",
  placeholder: "ENGINE",
  values: ENGINE_NAMES,
  description: `Query engine: ${describeEngines()}`,
} as const satisfies Flag;

export type QueryFlags = FlagValues<typeof QUERY_FLAGS>;

/** The query of the flags, checked. Throws `usage` in one sentence. */
export async function readQuery(flags: QueryFlags): Promise<RowQuery> {
  if (flags.jsonPath !== undefined && flags.column === undefined) {
    throw new AppError("usage", "--json-path needs --column, the column that holds the JSON");
  }
  if (flags.ignoreCase === true && flags.text === undefined) {
    throw new AppError("usage", "--ignore-case needs --text, the text to search for");
  }
  if (flags.eachWord === true && flags.text === undefined) {
    throw new AppError("usage", "--each-word needs --text, the words to search for");
  }
  if (flags.limit !== undefined && !(Number.isSafeInteger(flags.limit) && flags.limit >= 0)) {
    throw new AppError("usage", `--limit is a number of rows, not ${flags.limit}`);
  }
  const query = {
    ...given("providers", flags.provider?.map(composed)),
    ...given("datasets", flags.dataset?.map(composed)),
    ...given("tasks", flags.task?.map(composed)),
    ...given("variants", flags.variant?.map(composed)),
    ...given("text", flags.text),
    ...given("column", flags.column && composed(flags.column)),
    ...given("json_path", flags.jsonPath),
    ...given("ignore_case", flags.ignoreCase),
    ...given("each_word", flags.eachWord),
    ...given("rows", flags.rows === undefined ? undefined : await readRowKeys(flags.rows)),
    ...given("where", flags.where?.map(composed)),
    ...given("limit", flags.limit),
  };
  const checked = checkValue(RowQuerySchema, query);
  if (checked.success) return checked.output;
  const [{ message, path }] = checked.issues;
  throw new AppError("usage", path?.[0].key === "rows" ? `--rows ${flags.rows}: ${message}` : message);
}

export function readEngine(flag: string | undefined): EngineName {
  return (flag as EngineName | undefined) ?? DEFAULT_ENGINE;
}

/** Names are stored in NFC; some systems type them otherwise. */
function composed(name: string): string {
  return name.normalize("NFC");
}

function given<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}
