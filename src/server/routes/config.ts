import { Elysia } from "elysia";
import * as v from "valibot";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { addProvider, addTask, editTask, removeProvider, removeTask } from "../../lake/taxonomy-changes.ts";
import { listOf, recordOf, textUpTo } from "../../schema/bounds.ts";
import { GivenViewSchema } from "../../schema/labels/given-view.ts";
import { TaskPartitionSchema } from "../../schema/taxonomy.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { changes, READS } from "../http/route-table.ts";

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
      view: v.optional(GivenViewSchema),
      views: v.optional(v.record(v.string(), GivenViewSchema)),
    }),
  ),
});

/** What one request may add to the file, which every upload reads. */
const DescriptionSchema = v.optional(textUpTo(10_000), "");
const MAX_FIELDS = 1000;
const MAX_VALUES = 10_000;

const NewProviderSchema = v.strictObject({ description: DescriptionSchema });

/** Names of fields are checked by `addTask`, whose errors name the wrong one. */
const NewTaskSchema = v.strictObject({
  description: DescriptionSchema,
  required: v.optional(listOf(v.string(), MAX_FIELDS), []),
  allow: v.optional(
    recordOf(v.string(), v.pipe(listOf(v.string(), MAX_VALUES), v.minLength(1)), MAX_FIELDS),
    {},
  ),
  view: v.optional(GivenViewSchema),
});

/** A view of null is taken away. */
const TaskChangeSchema = v.strictObject({
  description: v.optional(textUpTo(10_000)),
  view: v.optional(v.nullable(GivenViewSchema)),
  partition: v.optional(v.pipe(textUpTo(1000), TaskPartitionSchema)),
});

/** GET /config; POST and DELETE /config/providers/{name}, /config/tasks/{name}; PUT /config/tasks/{name}. */
export function configRoutes({ lake }: Pick<ServerDeps, "lake">) {
  return new Elysia({ name: "config" })
    .get("/config", () => readTaxonomy(lake), {
      response: { 200: ConfigSchema },
      detail: { summary: "The providers and tasks of the lake", ...READS },
    })
    .post(
      "/config/providers/:name",
      async ({ params, body }) => ({
        name: await addProvider(lake, params.name, body ?? { description: "" }),
      }),
      {
        params: checked(ParamsSchema),
        body: checked(v.nullish(NewProviderSchema)),
        response: { 200: AnswerSchema },
        detail: { summary: "Creates a provider", ...changes("admin") },
      },
    )
    .delete(
      "/config/providers/:name",
      async ({ params }) => ({ name: await removeProvider(lake, params.name) }),
      {
        params: checked(ParamsSchema),
        response: { 200: AnswerSchema },
        detail: { summary: "Removes an unused provider", ...changes("admin") },
      },
    )
    .post(
      "/config/tasks/:name",
      async ({ params, body }) => ({
        name: await addTask(lake, params.name, body ?? { description: "", required: [], allow: {} }),
      }),
      {
        params: checked(ParamsSchema),
        body: checked(v.nullish(NewTaskSchema)),
        response: { 200: AnswerSchema },
        detail: { summary: "Creates a task with the fields that its uploads require", ...changes("admin") },
      },
    )
    .put(
      "/config/tasks/:name",
      async ({ params, body }) => ({ name: await editTask(lake, params.name, body) }),
      {
        params: checked(ParamsSchema),
        body: checked(TaskChangeSchema),
        response: { 200: AnswerSchema },
        detail: { summary: "Changes description or view of a task", ...changes("admin") },
      },
    )
    .delete("/config/tasks/:name", async ({ params }) => ({ name: await removeTask(lake, params.name) }), {
      params: checked(ParamsSchema),
      response: { 200: AnswerSchema },
      detail: { summary: "Removes an unused task", ...changes("admin") },
    });
}
