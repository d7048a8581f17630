import * as v from "valibot";
import { NameSchema } from "./names.ts";

const Description = v.optional(v.string(), "");

export const ProviderSchema = v.strictObject({ description: Description });

/** A task: the fields each upload must give, and for some of them the values allowed. */
export const TaskSchema = v.strictObject({
  description: Description,
  required: v.optional(v.array(NameSchema), []),
  allow: v.optional(v.record(NameSchema, v.pipe(v.array(v.string()), v.minLength(1))), {}),
});

/** `config/schema.yaml`: the providers and tasks that a lake knows. */
export const TaxonomySchema = v.strictObject({
  providers: v.nullish(v.record(NameSchema, v.nullish(ProviderSchema, {})), {}),
  tasks: v.nullish(v.record(NameSchema, v.nullish(TaskSchema, {})), {}),
});

export type Provider = v.InferOutput<typeof ProviderSchema>;
export type Task = v.InferOutput<typeof TaskSchema>;
export type Taxonomy = v.InferOutput<typeof TaxonomySchema>;
