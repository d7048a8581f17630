import * as v from "valibot";
import { NameSchema, Sha256Schema } from "./names.ts";

/** Permissions of a token: read; also upload and process; also change providers, tasks and the server. */
export const ROLES = ["reader", "curator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export function includesRole(given: Role, wanted: Role): boolean {
  return ROLES.indexOf(given) >= ROLES.indexOf(wanted);
}

/** Access to a server: for everyone, with a token, or closed because the token store is missing or unsafe. */
export const ACCESS_STATES = ["open", "tokens", "closed"] as const;
export type AccessState = (typeof ACCESS_STATES)[number];

export const StoredTokenSchema = v.strictObject({
  name: NameSchema,
  role: v.picklist(ROLES),
  /** Of the token, which is not stored: 256 random bits need no salt and no slow hash. */
  sha256: Sha256Schema,
  /** ISO 8601, like all times. */
  created_at: v.string(),
  expires_at: v.nullable(v.string()),
});
export type StoredToken = v.InferOutput<typeof StoredTokenSchema>;

export const TokenFileSchema = v.strictObject({ format: v.literal(1), tokens: v.array(StoredTokenSchema) });
