import * as v from "valibot";
import { listOf } from "./bounds.ts";
import { UploadColumnsSchema } from "./columns.ts";
import { Sha256Schema, UploadIdSchema } from "./names.ts";
import { PartitionKeySchema } from "./partition.ts";
import { UPLOAD_MODES } from "./upload.ts";
import { CountSchema } from "./values.ts";

/** `POST /uploads`: announces an upload, so that the lake can reject it early. */
export const UploadOfferSchema = v.strictObject({
  /** Identifies the same upload when it is offered again. */
  identity: Sha256Schema,
  key: PartitionKeySchema,
  mode: v.picklist(UPLOAD_MODES),
  columns: UploadColumnsSchema,
  refers_to_raw: v.boolean(),
});
export type UploadOffer = v.InferOutput<typeof UploadOfferSchema>;

/** What is told of an upload that waits for its partition. */
export const WaitingUploadSchema = v.object({
  upload_id: UploadIdSchema,
  rows: CountSchema,
  columns: UploadColumnsSchema,
});
export type WaitingUpload = v.InferOutput<typeof WaitingUploadSchema>;

/** `receiving.json`. */
export const ReceivingSchema = v.strictObject({
  ...UploadOfferSchema.entries,
  /** Name of a token; null without authentication. */
  owner: v.nullable(v.string()),
  begun_at: v.string(),
});
export type Receiving = v.InferOutput<typeof ReceivingSchema>;

export const MAX_HASHES = 10_000;
export const HashesSchema = v.strictObject({
  hashes: listOf(Sha256Schema, MAX_HASHES),
});

/** `POST /uploads/names`: names of rows that are looked for in a partition. */
export const NameLookupSchema = v.strictObject({
  key: PartitionKeySchema,
  column: v.picklist(["source_name", "source_stem"]),
  names: listOf(v.string(), MAX_HASHES),
});
export type NameLookup = v.InferOutput<typeof NameLookupSchema>;
