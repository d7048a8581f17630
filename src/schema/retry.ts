import * as v from "valibot";
import { RejectLimitSchema } from "./upload.ts";

/** Parameters of `POST /uploads/{id}/retry`. */
export const RetryParametersSchema = v.object({ max_rejects: v.optional(RejectLimitSchema) });

/** What a failed upload is tried again with. */
export interface RetryOptions {
  /** Rows that may be rejected from now on: `5`, `1%`. */
  maxRejects?: string | undefined;
}
