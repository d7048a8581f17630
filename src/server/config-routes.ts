import { Elysia } from "elysia";
import * as v from "valibot";
import { readTaxonomy } from "../lake/taxonomy.ts";
import { addProvider, addTask, removeProvider, removeTask } from "../lake/taxonomy-changes.ts";
import { ProviderSchema } from "../schema/taxonomy.ts";
import type { ServerDeps } from "./deps.ts";

const ParamsSchema = v.object({ name: v.string() });
const AnswerSchema = v.object({ name: v.string() });
const ConfigSchema = v.object({
  providers: v.record(v.string(), v.object({ description: v.string() })),
  tasks: v.record(
    v.string(),
    v.object({
      description: v.string(),
      required: v.array(v.string()),
      allow: v.record(v.string(), v.array(v.string())),
    }),
  ),
});

/** The names of fields are left to `addTask`, whose errors say which one is wrong. */
const LooseTaskSchema = v.strictObject({
  description: v.optional(v.string(), ""),
  required: v.optional(v.array(v.string()), []),
  allow: v.optional(v.record(v.string(), v.pipe(v.array(v.string()), v.minLength(1))), {}),
});

/** GET /config; POST and DELETE /config/providers/{name}, /config/tasks/{name}. */
export function configRoutes({ lake }: Pick<ServerDeps, "lake">) {
  return new Elysia({ name: "config" })
    .get("/config", () => readTaxonomy(lake), {
      response: { 200: ConfigSchema },
      detail: { summary: "The providers and tasks of the lake" },
    })
    .post(
      "/config/providers/:name",
      async ({ params, body }) => ({
        name: await addProvider(lake, params.name, body ?? { description: "" }),
      }),
      {
        params: ParamsSchema,
        body: v.nullish(ProviderSchema),
        response: { 200: AnswerSchema },
        detail: { summary: "Adds a provider" },
      },
    )
    .delete(
      "/config/providers/:name",
      async ({ params }) => ({ name: await removeProvider(lake, params.name) }),
      {
        params: ParamsSchema,
        response: { 200: AnswerSchema },
        detail: { summary: "Removes a provider that nothing uses" },
      },
    )
    .post(
      "/config/tasks/:name",
      async ({ params, body }) => ({
        name: await addTask(lake, params.name, body ?? { description: "", required: [], allow: {} }),
      }),
      {
        params: ParamsSchema,
        body: v.nullish(LooseTaskSchema),
        response: { 200: AnswerSchema },
        detail: { summary: "Adds a task with the fields that its uploads must give" },
      },
    )
    .delete("/config/tasks/:name", async ({ params }) => ({ name: await removeTask(lake, params.name) }), {
      params: ParamsSchema,
      response: { 200: AnswerSchema },
      detail: { summary: "Removes a task that nothing uses" },
    });
}
