import { Elysia } from "elysia";
import * as v from "valibot";
import { catalogInfo } from "../catalog/info.ts";
import { toAppError } from "../errors.ts";
import { runRebuild } from "../jobs/rebuild-process.ts";
import { retryUpload } from "../jobs/staging.ts";
import {
  CatalogInfoSchema,
  type RebuildAnswer,
  type RebuildLine,
  RebuildLineSchema,
  RebuildResultSchema,
  RetriedUploadSchema,
} from "../schema/catalog-answers.ts";
import { checked } from "./checked.ts";
import type { ServerDeps } from "./deps.ts";

type CatalogDeps = Pick<ServerDeps, "lake" | "settings" | "selfCommand" | "logger" | "keepOpen" | "shown">;

const LINES = "application/x-ndjson";

/**
 * GET /catalog, POST /catalog/rebuild. A rebuild ends when its connection closes; nothing is published then. To whoever
 * accepts lines it tells its steps.
 */
export function catalogRoutes({ lake, settings, selfCommand, logger, keepOpen, shown }: CatalogDeps) {
  return new Elysia({ name: "catalog" })
    .get("/catalog", () => catalogInfo({ lake, settings }), {
      response: { 200: CatalogInfoSchema },
      detail: { summary: "What the published catalog holds" },
    })
    .post(
      "/catalog/rebuild",
      async ({ request, body }) => {
        keepOpen(request);
        const full = body?.full ?? false;
        const rebuild = (signal: AbortSignal, onStep: (step: string) => void) =>
          runRebuild({ lake, settings, selfCommand, logger, full, signal, onStep });
        if (request.headers.get("accept")?.includes(LINES))
          return tellSteps(rebuild, (line) => shown(line, request));
        return Response.json(shown(await rebuild(request.signal, () => {}), request));
      },
      {
        body: checked(v.nullish(v.strictObject({ full: v.optional(v.boolean()) }))),
        detail: {
          summary: "Brings the catalog in line with the partitions; with `full` builds it anew",
          rows: { "application/json": RebuildResultSchema, [LINES]: RebuildLineSchema },
        },
      },
    );
}

function tellSteps(
  rebuild: (signal: AbortSignal, onStep: (step: string) => void) => Promise<RebuildAnswer>,
  shown: (line: RebuildLine) => RebuildLine,
): Response {
  const gone = new AbortController();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const tell = (line: RebuildLine) => {
        if (!gone.signal.aborted) controller.enqueue(encoder.encode(`${JSON.stringify(shown(line))}\n`));
      };
      try {
        tell({ result: await rebuild(gone.signal, (step) => tell({ step })) });
      } catch (error) {
        tell(toAppError(error).toDocument());
      }
      if (!gone.signal.aborted) controller.close();
    },
    cancel: () => gone.abort(),
  });
  return new Response(body, { headers: { "content-type": LINES } });
}

/** POST /uploads/{id}/retry. */
export function retryRoutes({ lake }: Pick<ServerDeps, "lake">) {
  return new Elysia({ name: "retry" }).post(
    "/uploads/:id/retry",
    async ({ params: { id } }) => {
      const { provider, dataset, task, variant } = await retryUpload(lake, id);
      return { upload_id: id, provider, dataset, task, variant, status: "pending" as const };
    },
    {
      params: checked(v.object({ id: v.string() })),
      response: { 200: RetriedUploadSchema },
      detail: { summary: "Puts a failed upload back among the pending ones" },
    },
  );
}
