import * as v from "valibot";
import type { UploadRequest } from "../../ingest/upload-plan.ts";
import { StagedInputSchema } from "../../schema/staged-input.ts";
import { defineOperation } from "../operation.ts";

/** Stages one self-contained file, images included, at the server's priority: the client waits for it. */
export const STAGE = defineOperation({
  name: "stage",
  summary: "Stages a whole upload that was sent as one file",
  command: "upload",
  noun: ["upload of a file", "uploads of files"],
  // Validated by the route.
  request: v.custom<UploadRequest>((value) => typeof value === "object" && value !== null),
  progress: v.never(),
  result: StagedInputSchema,
  role: "curator",
  queue: { running: 3, waiting: 32, waitMs: 3_600_000 },
  background: false,
  isolated: true,
  needsLocal: true,
  served: { by: "server" },
  run: async (request, tools: Parameters<typeof import("./run.ts").runStaging>[1]) =>
    (await import("./run.ts")).runStaging(request, tools),
});
