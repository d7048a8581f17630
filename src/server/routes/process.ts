import { Elysia } from "elysia";
import * as v from "valibot";
import { JobIdSchema } from "../../schema/names.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { changes } from "../http/route-table.ts";

const StartedSchema = v.object({
  status: v.picklist(["started", "already_running"]),
  job_id: JobIdSchema,
});

/** POST /process. */
export function processRoutes({ supervisor }: Pick<ServerDeps, "supervisor">) {
  return new Elysia({ name: "process" }).post("/process", () => supervisor.start(), {
    body: checked(v.nullish(v.strictObject({}))),
    response: { 200: StartedSchema },
    detail: {
      summary: "Processes the pending uploads; a running job includes new ones too",
      ...changes("curator"),
    },
  });
}
