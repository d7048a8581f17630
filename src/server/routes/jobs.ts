import { Elysia } from "elysia";
import * as v from "valibot";
import { listJobs } from "../../jobs/records.ts";
import { JobRecordSchema } from "../../schema/job.ts";
import { JobIdSchema } from "../../schema/names.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { streamJobEvents } from "../http/job-events.ts";
import { changes, READS } from "../http/route-table.ts";

const DEFAULT_LIMIT = 50;
const ListQuerySchema = v.object({
  limit: v.optional(v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}$/, "is not a number from 1 to 9999"))),
});
const ParamsSchema = v.object({ id: JobIdSchema });

/** GET /jobs, GET and DELETE /jobs/{id}, GET /jobs/{id}/events. */
export function jobRoutes({
  lake,
  supervisor,
  shown,
  cutOff,
  visitorOf,
}: Pick<ServerDeps, "lake" | "supervisor" | "shown" | "cutOff" | "visitorOf">) {
  const events = async (request: Request, id: string) => {
    const job = await supervisor.job(id);
    const subscribe: typeof supervisor.subscribe = (listen) =>
      supervisor.subscribe((record) => listen(shown(record, request)));
    return streamJobEvents({ subscribe }, shown(job, request), {
      cutOff: () => cutOff(request),
      isKnown: () => visitorOf(request) !== undefined,
    });
  };

  return new Elysia({ name: "jobs", prefix: "/jobs" })
    .get(
      "",
      async ({ query }) => {
        const running = supervisor.running();
        const jobs = await listJobs(lake, Number(query.limit ?? DEFAULT_LIMIT));
        return { jobs: jobs.map((job) => (job.job_id === running?.job_id ? running : job)) };
      },
      {
        query: checked(ListQuerySchema),
        response: { 200: v.object({ jobs: v.array(JobRecordSchema) }) },
        detail: { summary: "The newest jobs, newest first", ...READS },
      },
    )
    .get("/:id", ({ params }) => supervisor.job(params.id), {
      params: checked(ParamsSchema),
      response: { 200: JobRecordSchema },
      detail: { summary: "One job", ...READS },
    })
    .delete("/:id", ({ params }) => supervisor.cancel(params.id), {
      params: checked(ParamsSchema),
      response: { 200: JobRecordSchema },
      detail: {
        summary: "Cancels a running job; its current upload becomes pending again",
        ...changes("curator"),
      },
    })
    .get("/:id/events", ({ params, request }) => events(request, params.id), {
      params: checked(ParamsSchema),
      detail: {
        summary:
          "Server-sent events: `progress` (the job without its uploads) as it changes, at last `end` (the whole job)",
        ...READS,
      },
    });
}
