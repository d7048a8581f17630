import * as v from "valibot";
import { NameSchema, Sha256Schema } from "./names.ts";

/** What a token lets its owner do: read; also upload and process; also change providers, tasks and the server. */
export const ROLES = ["reader", "curator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Whether a role may do what another one is asked for. */
export function includesRole(given: Role, wanted: Role): boolean {
  return ROLES.indexOf(given) >= ROLES.indexOf(wanted);
}

/** How a server lets callers in: everyone, those with a token, or nobody: the store of tokens is gone or not safe. */
export const ACCESS_STATES = ["open", "tokens", "closed"] as const;
export type AccessState = (typeof ACCESS_STATES)[number];

export const StoredTokenSchema = v.strictObject({
  name: NameSchema,
  role: v.picklist(ROLES),
  /** Of the token, which nobody keeps: 256 random bits need no salt and no slow hash. */
  sha256: Sha256Schema,
  /** ISO 8601, as all times. */
  created_at: v.string(),
  expires_at: v.nullable(v.string()),
});
export type StoredToken = v.InferOutput<typeof StoredTokenSchema>;

/** The file of a lake's tokens. */
export const TokenFileSchema = v.strictObject({ format: v.literal(1), tokens: v.array(StoredTokenSchema) });
