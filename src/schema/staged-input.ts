import * as v from "valibot";
import { UploadManifestSchema } from "./upload.ts";

/** An upload that the server staged itself. */
export const StagedInputSchema = v.object({
  manifest: UploadManifestSchema,
  /** What its owner should know of it, as the command prints it. */
  notices: v.array(v.string()),
});
export type StagedInput = v.InferOutput<typeof StagedInputSchema>;
