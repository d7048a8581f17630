import { Elysia } from "elysia";
import type { GenericSchema } from "valibot";
import { ErrorDocumentSchema } from "../http/problem.ts";
import { type ListedRoute, READS, type RouteTerms } from "../http/route-table.ts";

interface RouteHooks {
  body?: GenericSchema;
  query?: GenericSchema;
  params?: GenericSchema;
  response?: Record<string, GenericSchema>;
  /** `rows`: the answer in each media type, where there are several. `query`: parameters that the route reads itself. */
  detail?: {
    summary?: string;
    rows?: Record<string, GenericSchema>;
    query?: GenericSchema;
    terms?: RouteTerms;
  };
}

type ToSchema = (schema: GenericSchema) => JsonSchema;
interface JsonSchema {
  properties?: Record<string, unknown>;
  required?: string[];
}

/** GET /openapi.json: made from the schemas that check the requests, when it is first asked for. */
export function openApiRoutes(options: { version: string; routes: () => readonly ListedRoute[] }) {
  let made: object | undefined;
  return new Elysia({ name: "openapi" }).get(
    "/openapi.json",
    async () => {
      made ??= await describe(options.version, options.routes());
      return made;
    },
    { detail: { summary: "This description", ...READS } },
  );
}

/** What the rest of a path is called, which has no name in the framework. */
const REST = "path";

async function describe(version: string, routes: readonly ListedRoute[]): Promise<object> {
  const { toJsonSchema } = await import("@valibot/to-json-schema");
  const toSchema: ToSchema = (schema) => {
    const { $schema: _, ...bare } = toJsonSchema(schema, { typeMode: "input", errorMode: "ignore" });
    return bare as JsonSchema;
  };
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, hooks } of routes) {
    const name = path.replace(/:(\w+)/g, "{$1}").replace("*", `{${REST}}`);
    paths[name] = { ...paths[name], [method.toLowerCase()]: operation(hooks as RouteHooks, toSchema) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "datalake", version },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{ token: [] }, {}],
    paths,
  };
}

function operation(hooks: RouteHooks, toSchema: ToSchema): object {
  const json = (schema: GenericSchema) => ({ "application/json": { schema: toSchema(schema) } });
  const answers = Object.entries(hooks.response ?? {}).map(([status, schema]) => [
    status,
    { description: "done", content: json(schema) },
  ]);
  const rows = Object.entries(hooks.detail?.rows ?? {}).map(([type, schema]) => [
    type,
    { schema: toSchema(schema) },
  ]);
  if (rows.length > 0) answers.push(["200", { description: "rows", content: Object.fromEntries(rows) }]);
  return {
    summary: hooks.detail?.summary ?? "",
    "x-role": hooks.detail?.terms?.role,
    ...(hooks.detail?.terms?.role === "anybody" && { security: [] }),
    parameters: [
      ...parameters("path", hooks.params, toSchema),
      ...parameters("query", hooks.query ?? hooks.detail?.query, toSchema),
    ],
    ...(hooks.body ? { requestBody: { content: json(hooks.body) } } : {}),
    responses: {
      ...(answers.length > 0 ? Object.fromEntries(answers) : { 200: { description: "done" } }),
      default: { description: "an error", content: json(ErrorDocumentSchema) },
    },
  };
}

function parameters(
  place: "path" | "query",
  schema: GenericSchema | undefined,
  toSchema: ToSchema,
): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = toSchema(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name: name === "*" ? REST : name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}
