import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { readStatistics } from "../../query/duckdb/statistics.ts";
import { checkValue } from "../../schema/check.ts";
import { describeIssue } from "../../schema/describe-issue.ts";
import { BrowseSchema, HitsSchema, StatisticsSchema } from "../../schema/page-documents.ts";
import { type RowQuery, RowQuerySchema } from "../../schema/query.ts";
import { RowOrderSchema } from "../../schema/row-filter.ts";
import { fieldsOf } from "../../schema/taxonomy.ts";
import type { ServerDeps } from "../deps.ts";
import { readParameters } from "../http/parameters.ts";
import { SELECTION_PARAMETERS } from "../http/query-parameters.ts";
import { READS } from "../http/route-table.ts";
import { browseRows, type RowsPlace } from "../page/browse.ts";
import { openCatalog } from "../page/catalog.ts";
import { createGuessedViews } from "../page/guessed-views.ts";
import { findHits } from "../page/hits.ts";

const Place = v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, "is not a place"), v.transform(Number)));
const MAX_COUNT = 500;
const DEFAULT_COUNT = 60;
/** Their labels are read. */
const MAX_HIT_ROWS = 100;

const BrowseParametersSchema = v.strictObject({
  ...SELECTION_PARAMETERS,
  at: Place,
  count: Place,
  sort: v.optional(RowOrderSchema),
});
const StatisticsParametersSchema = v.strictObject(SELECTION_PARAMETERS);

/** GET /rows, /hits and /statistics: rows of a query by their place, and how many there are of each kind. */
export function rowRoutes({ lake, engines }: Pick<ServerDeps, "lake" | "engines">) {
  const guesses = createGuessedViews();
  return new Elysia({ name: "rows" })
    .get(
      "/rows",
      async ({ request }) =>
        browseRows(await openCatalog(engines), readPlace(request, MAX_COUNT), request.signal),
      {
        response: { 200: BrowseSchema },
        detail: { summary: "Some rows of a query by their place", query: BrowseParametersSchema, ...READS },
      },
    )
    .get(
      "/hits",
      async ({ request }) => {
        const rows = readPlace(request, MAX_HIT_ROWS);
        if (rows.query.text === undefined) throw new AppError("usage", "hits are of a text; add ?text=");
        const catalog = await openCatalog(engines);
        return findHits(catalog, { taxonomy: await readTaxonomy(lake), guesses }, rows, request.signal);
      },
      {
        response: { 200: HitsSchema },
        detail: {
          summary: "Where the text of a query stands on the pages of some of its rows",
          query: BrowseParametersSchema,
          ...READS,
        },
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

function readPlace(request: Request, maxCount: number): RowsPlace {
  const parameters = readParameters(request, BrowseParametersSchema);
  const { at = 0, count = DEFAULT_COUNT, sort, ...given } = parameters;
  return { query: checkQuery(given), order: sort, at, count: Math.min(count, maxCount) };
}

/** The rules between fields. Throws `usage`. */
function checkQuery(given: unknown): RowQuery {
  const checked = checkValue(RowQuerySchema, given);
  if (checked.success) return checked.output;
  throw new AppError("usage", describeIssue(checked.issues[0]));
}
