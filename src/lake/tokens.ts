import { dirname } from "node:path";
import { AppError } from "../errors.ts";
import { parseName } from "../schema/names.ts";
import { type Role, type StoredToken, TokenFileSchema } from "../schema/token.ts";
import { editFile } from "./edit-file.ts";
import { ensureFolder } from "./files.ts";
import { lookAtJson, sealJson } from "./json-file.ts";
import { tokenLock, tokenSuccessor } from "./layout.ts";
import { readOwnFile, requireOwnFolder } from "./own-file.ts";
import { type Look, seeWhole, type View } from "./view.ts";

const BITS = 256;
/** Prefix by which people and secret scanners recognize a token. */
const PREFIX = "dl_";
/** Only the server's account can read even the hashes. */
const MODES = { folder: 0o700, file: 0o600, asset: 0o444 };

/** The file with a lake's tokens, outside of the lake: write access to it is administrator access. */
export interface TokenStore {
  path: string;
  /** Folders from here up are the administrator's responsibility. */
  anchor: string;
  view: View;
}

export interface KnownTokens {
  /** In order of creation. */
  tokens: StoredToken[];
  /** Changes whenever the file does. */
  mark: string;
}

/** The tokens of a store; undefined without a file. Throws `permission_denied` if not private, `corrupt`. */
export async function readTokens(store: TokenStore): Promise<KnownTokens | undefined> {
  return (await seeWhole(store.view, store.path, () => lookAtTokens(store))).value;
}

async function lookAtTokens({
  path,
  anchor,
}: TokenStore): Promise<Look<{ text: string; value: KnownTokens | undefined }>> {
  const file = await readOwnFile(path);
  if (file === undefined) return { isWhole: true, value: { text: "", value: undefined } };
  await requireOwnFolder(dirname(path), anchor);
  const { text, mark } = file;
  const seen = lookAtJson(path, text, TokenFileSchema);
  if (!seen.isWhole) return { ...seen, asSeen: () => Promise.reject(seen.asSeen()) };
  return { isWhole: true, value: { text, value: { tokens: seen.value.tokens, mark } } };
}

export interface NewToken {
  name: string;
  role: Role;
  /** The secret, shown only once. */
  token: string;
  expires_at: string | null;
}

/** Creates a token, valid until `expiresMs` (Unix time). Throws `conflict` (name exists), `invalid_name`. */
export async function createToken(
  store: TokenStore,
  request: { name: string; role: Role; nowMs: number; expiresMs: number | undefined },
): Promise<NewToken> {
  const name = parseName("token", request.name);
  const token = PREFIX + Buffer.from(crypto.getRandomValues(new Uint8Array(BITS / 8))).toString("base64url");
  const isoTime = (timeMs: number) => new Date(timeMs).toISOString();
  const expires_at = request.expiresMs === undefined ? null : isoTime(request.expiresMs);
  const stored: StoredToken = {
    name,
    role: request.role,
    sha256: hashToken(token),
    created_at: isoTime(request.nowMs),
    expires_at,
  };
  await editTokens(store, (tokens) => {
    if (tokens.some((one) => one.name === name)) {
      throw new AppError("conflict", `the token ${name} exists; revoke it first, or choose another name`);
    }
    return [...tokens, stored];
  });
  return { name, role: request.role, token, expires_at };
}

/** Removes a token; servers of the lake refuse it within a second. Throws `not_found`. */
export async function revokeToken(store: TokenStore, name: string): Promise<StoredToken> {
  const wanted = name.normalize("NFC");
  let revoked: StoredToken | undefined;
  await editTokens(store, (tokens) => {
    revoked = tokens.find((one) => one.name === wanted);
    return tokens.filter((one) => one !== revoked);
  });
  if (revoked !== undefined) return revoked;
  throw new AppError("not_found", `there is no token ${wanted}; \`datalake token list\` lists all`);
}

/** Creates a store from tokens kept elsewhere, unless it exists. */
export async function importTokens(store: TokenStore, tokens: readonly StoredToken[]): Promise<void> {
  await editTokens(store, (present, isNew) => (isNew ? [...tokens] : present));
}

/** SHA-256 of a token, in lower-case hex. */
export function hashToken(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("hex");
}

async function editTokens(
  store: TokenStore,
  edit: (tokens: StoredToken[], isNew: boolean) => StoredToken[],
): Promise<void> {
  const folder = dirname(store.path);
  await ensureFolder(folder, MODES);
  await requireOwnFolder(folder, store.anchor);
  const { path, view } = store;
  const file = {
    path,
    lock: tokenLock(path),
    successor: (digest: string) => tokenSuccessor(path, digest),
    modes: MODES,
    view,
    purpose: "datalake token",
    look: () => lookAtTokens(store),
  };
  await editFile(file, async (known) => {
    const tokens = edit(known?.tokens ?? [], known === undefined);
    return { text: sealJson({ format: 1, tokens }), result: undefined };
  });
}
