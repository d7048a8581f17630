import { Elysia } from "elysia";
import * as v from "valibot";
import type { RowFormat } from "../../query/output/formats.ts";
import { sqlLimits } from "../../query/sql-limits.ts";
import { DEFAULT_ENGINE, type EngineName } from "../../schema/engines.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { readParameters } from "../http/parameters.ts";
import { READS } from "../http/route-table.ts";
import { describeRows, EngineSchema, FormatSchema, formatOf, wantsDescription } from "../http/row-formats.ts";
import { type RowResponseOptions, respondWithRows } from "../http/row-response.ts";

const SqlSchema = v.pipe(v.string(), v.minLength(1, "is empty; write one SELECT"));
const ParametersSchema = v.strictObject({ sql: SqlSchema, engine: EngineSchema, format: FormatSchema });

type QueryDeps = RowResponseOptions & Pick<ServerDeps, "engines" | "settings">;

/** POST /query with the statement in the body, GET /query with it in the URL. */
export function queryRoutes(deps: QueryDeps) {
  const limits = sqlLimits(deps.settings);
  const answer = (
    request: Request,
    sql: string,
    name: EngineName = DEFAULT_ENGINE,
    format: RowFormat | undefined = undefined,
  ) => {
    const work = async (signal: AbortSignal) => {
      const engine = await deps.engines.open(name);
      const result = await engine.sql(sql, limits, signal);
      const schema = wantsDescription(request)
        ? (await import("../../query/arrow/described.ts")).describeSchema(engine.name, result)
        : result.schema;
      return { ...result, schema, engine: engine.name };
    };
    const version = () => deps.engines.version(name);
    return respondWithRows({ request, format: formatOf(request, format), version, work }, deps);
  };
  const fromUrl = ({ request }: { request: Request }) => {
    const { sql, engine, format } = readParameters(request, ParametersSchema);
    return answer(request, sql, engine, format);
  };
  const summary = "The same with the statement in the URL, for libraries that read from one";
  return new Elysia({ name: "query" })
    .post(
      "/query",
      ({ request, body: { sql, engine }, query: { format } }) => answer(request, sql, engine, format),
      {
        body: checked(v.strictObject({ sql: SqlSchema, engine: EngineSchema })),
        query: checked(v.object({ format: FormatSchema })),
        detail: describeRows(
          "sql",
          "The rows of one SELECT, within the limits of the settings; in the format of Accept",
        ),
      },
    )
    .get("/query", fromUrl, { detail: describeRows("sql", summary, ParametersSchema) })
    .head("/query", fromUrl, { detail: { summary: "The size of that answer", ...READS } });
}
