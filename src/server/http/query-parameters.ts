import * as v from "valibot";

/** A list of names in a URL: repeated, or with commas, which no name has. */
const NamesSchema = v.optional(
  v.pipe(
    v.union([v.string(), v.array(v.string())]),
    v.transform((given) => [given].flat().flatMap((text) => text.split(","))),
  ),
);
const SwitchSchema = v.optional(
  v.pipe(
    v.picklist(["true", "false"]),
    v.transform((text) => text === "true"),
  ),
);
/** What a query for rows is in a URL; named as in the body of POST /search. */
export const SELECTION_PARAMETERS = {
  providers: NamesSchema,
  datasets: NamesSchema,
  tasks: NamesSchema,
  variants: NamesSchema,
  text: v.optional(v.string()),
  column: v.optional(v.string()),
  json_path: v.optional(v.string()),
  ignore_case: SwitchSchema,
  each_word: SwitchSchema,
  /** Filters, `name=value`, repeated. */
  where: v.optional(
    v.pipe(
      v.union([v.string(), v.array(v.string())]),
      v.transform((given) => [given].flat()),
    ),
  ),
};
