import type { RecordBatch } from "apache-arrow";
import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import type { RowFormat } from "../../query/output/formats.ts";
import { checkValue } from "../../schema/check.ts";
import { describeIssue } from "../../schema/describe-issue.ts";
import { DEFAULT_ENGINE, type EngineName } from "../../schema/engines.ts";
import { type RowQuery, RowQuerySchema, type RowResult } from "../../schema/query.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { readParameters } from "../http/parameters.ts";
import { SELECTION_PARAMETERS } from "../http/query-parameters.ts";
import { READS } from "../http/route-table.ts";
import { describeRows, EngineSchema, FormatSchema, formatOf, wantsDescription } from "../http/row-formats.ts";
import { type RowResponseOptions, respondWithRows } from "../http/row-response.ts";

const BodySchema = v.strictObject({ ...RowQuerySchema.entries, engine: EngineSchema });

const ParametersSchema = v.strictObject({
  ...SELECTION_PARAMETERS,
  limit: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,15}$/, "is not a number of rows"), v.transform(Number)),
  ),
  engine: EngineSchema,
  format: FormatSchema,
});

interface Asked {
  engine?: EngineName | undefined;
  format?: RowFormat | undefined;
}

type SearchDeps = RowResponseOptions & Pick<ServerDeps, "engines">;

/** POST /search with the query in the body, GET /search with it in the URL. */
export function searchRoutes(deps: SearchDeps) {
  const answer = (request: Request, query: unknown, { engine: name = DEFAULT_ENGINE, format }: Asked) => {
    const checked = checkQuery(query);
    const work = async (signal: AbortSignal) => {
      const engine = await deps.engines.open(name);
      const result = await engine.retrieveWithExistingCols(checked, signal);
      const schema = wantsDescription(request)
        ? (await import("../../query/arrow/described.ts")).describeSchema(engine.name, result)
        : result.schema;
      return { ...result, schema, batches: wholeRows(result), engine: engine.name };
    };
    const version = () => deps.engines.version(name);
    return respondWithRows({ request, format: formatOf(request, format), version, work }, deps);
  };
  const fromUrl = ({ request }: { request: Request }) => {
    const { engine, format, ...query } = readParameters(request, ParametersSchema);
    return answer(request, query, { engine, format });
  };
  const summary = "The same with the query in the URL, for libraries that read from one";
  return new Elysia({ name: "search" })
    .post(
      "/search",
      ({ request, body: { engine, ...query }, query: { format } }) =>
        answer(request, query, { engine, format }),
      {
        body: checked(BodySchema),
        query: checked(v.object({ format: FormatSchema })),
        detail: describeRows(
          "search",
          "Rows by partition, by text, or with a value; in the format of Accept",
        ),
      },
    )
    .get("/search", fromUrl, { detail: describeRows("search", summary, ParametersSchema) })
    .head("/search", fromUrl, { detail: { summary: "The size of that answer", ...READS } });
}

/** The batches, and an error when they end before all rows came: a library may not tell what it met on its way. */
async function* wholeRows({ batches, rowCount }: RowResult): AsyncGenerator<RecordBatch> {
  let given = 0;
  for await (const batch of batches) {
    given += batch.numRows;
    yield batch;
  }
  if (given === rowCount) return;
  throw new AppError("engine_failed", `the engine returned ${given} of ${rowCount} rows; try again`, {
    details: { given, expected: rowCount },
  });
}

/** The rules between fields, which the schema of a route does not keep. Throws `usage`. */
function checkQuery(query: unknown): RowQuery {
  const checked = checkValue(RowQuerySchema, query);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  throw new AppError("usage", `the search: ${describeIssue(issue)}`);
}
