import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { readStatistics } from "../../query/duckdb/statistics.ts";
import { checkValue } from "../../schema/check.ts";
import { describeIssue } from "../../schema/describe-issue.ts";
import { BrowseSchema, StatisticsSchema } from "../../schema/page-documents.ts";
import { type RowQuery, RowQuerySchema } from "../../schema/query.ts";
import { RowOrderSchema } from "../../schema/row-filter.ts";
import { fieldsOf } from "../../schema/taxonomy.ts";
import type { ServerDeps } from "../deps.ts";
import { readParameters } from "../http/parameters.ts";
import { SELECTION_PARAMETERS } from "../http/query-parameters.ts";
import { READS } from "../http/route-table.ts";
import { browseRows } from "../page/browse.ts";
import { openCatalog } from "../page/catalog.ts";

const Place = v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, "is not a place"), v.transform(Number)));
const MAX_COUNT = 500;
const DEFAULT_COUNT = 60;

const BrowseParametersSchema = v.strictObject({
  ...SELECTION_PARAMETERS,
  at: Place,
  count: Place,
  sort: v.optional(RowOrderSchema),
});
const StatisticsParametersSchema = v.strictObject(SELECTION_PARAMETERS);

/** GET /rows and /statistics: rows of a query by their place, and how many there are of each kind. */
export function rowRoutes({ lake, engines }: Pick<ServerDeps, "lake" | "engines">) {
  return new Elysia({ name: "rows" })
    .get(
      "/rows",
      async ({ request }) => {
        const {
          at = 0,
          count = DEFAULT_COUNT,
          sort,
          ...given
        } = readParameters(request, BrowseParametersSchema);
        const rows = { query: checkQuery(given), order: sort, at, count: Math.min(count, MAX_COUNT) };
        return browseRows(await openCatalog(engines), rows, request.signal);
      },
      {
        response: { 200: BrowseSchema },
        detail: { summary: "Some rows of a query by their place", query: BrowseParametersSchema, ...READS },
      },
    )
    .get(
      "/statistics",
      async ({ request }) => {
        const query = checkQuery(readParameters(request, StatisticsParametersSchema));
        const catalog = await openCatalog(engines);
        const { labelFacts } = catalog;
        if (labelFacts === undefined) throw new AppError("internal", "nobody counts labels");
        const fields = fieldsOf(await readTaxonomy(lake));
        return catalog.withCatalog((database) =>
          readStatistics(database, labelFacts, { query, fields }, request.signal),
        );
      },
      {
        response: { 200: StatisticsSchema },
        detail: {
          summary: "Rows of a query by size, format, fields, and by what labels hold where that was counted",
          query: StatisticsParametersSchema,
          ...READS,
        },
      },
    );
}

/** The rules between fields. Throws `usage`. */
function checkQuery(given: unknown): RowQuery {
  const checked = checkValue(RowQuerySchema, given);
  if (checked.success) return checked.output;
  throw new AppError("usage", describeIssue(checked.issues[0]));
}
