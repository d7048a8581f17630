import * as v from "valibot";
import { UploadIdSchema } from "./names.ts";

/** An upload whose one file is sent in parts, as far as it came. */
export const InputStateSchema = v.object({
  upload_id: UploadIdSchema,
  /** Of the file, as its owner calls it. */
  name: v.string(),
  /** How many files its owner packed into it; 1 for a file that is sent as it is. */
  files: v.number(),
  /** Of the whole file, and what arrived of it. */
  bytes: v.number(),
  received_bytes: v.number(),
  /** Where it goes, as in an address: what `PUT /uploads/{id}/input` takes. */
  parameters: v.string(),
  begun_at: v.string(),
  /** A connection is sending it now. */
  is_active: v.boolean(),
  /** Of what arrived; where an upload is begun or gone on with. */
  received_sha256: v.optional(v.string()),
});
export type InputState = v.InferOutput<typeof InputStateSchema>;

/** GET /uploads/unfinished. */
export const UnfinishedSchema = v.object({ uploads: v.array(InputStateSchema) });
export type Unfinished = v.InferOutput<typeof UnfinishedSchema>;
