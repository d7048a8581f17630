import { AppError } from "../errors.ts";
import { parseName } from "../schema/names.ts";
import { type Role, type StoredToken, TokenFileSchema } from "../schema/token.ts";
import { readJson, writeJson } from "./files.ts";
import type { Lake } from "./lake.ts";
import { waitForLease } from "./lease.ts";

const BITS = 256;
/** Tells a token from other secrets, for people and for scanners of source code. */
const PREFIX = "dl_";
/** Only the lake's owner reads even the hashes. */
const MODES = { folder: 0o775, file: 0o600, asset: 0o444 };

/** The tokens that a lake knows, in the order in which they were made; none where there is no file. Throws `corrupt`. */
export async function readLakeTokens(lake: Lake): Promise<StoredToken[]> {
  return (await readJson(lake.layout.tokens, TokenFileSchema))?.tokens ?? [];
}

export interface NewToken {
  name: string;
  role: Role;
  /** The secret itself, shown this once. */
  token: string;
  expires_at: string | null;
}

/** Makes a token, valid until `expiresMs` (Unix time), and gives it. Throws `conflict` for a name that is taken, `invalid_name`. */
export async function createToken(
  lake: Lake,
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
  await editTokens(lake, (tokens) => {
    if (tokens.some((one) => one.name === name)) {
      throw new AppError("conflict", `there is a token ${name}; revoke it first, or choose another name`);
    }
    return [...tokens, stored];
  });
  return { name, role: request.role, token, expires_at };
}

/** Takes a token away; a server of the lake refuses it within a second. Throws `not_found`. */
export async function revokeToken(lake: Lake, name: string): Promise<StoredToken> {
  const wanted = name.normalize("NFC");
  let revoked: StoredToken | undefined;
  await editTokens(lake, (tokens) => {
    revoked = tokens.find((one) => one.name === wanted);
    return tokens.filter((one) => one !== revoked);
  });
  if (revoked !== undefined) return revoked;
  throw new AppError(
    "not_found",
    `there is no token ${wanted}; \`datalake token list\` shows those that are`,
  );
}

/** SHA-256 of a token, in lower-case hex. */
export function hashToken(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("hex");
}

async function editTokens(lake: Lake, edit: (tokens: StoredToken[]) => StoredToken[]): Promise<void> {
  const lock = await waitForLease(lake.layout.tokensLock, { purpose: "datalake token" });
  try {
    const tokens = edit(await readLakeTokens(lake));
    if (lock.lost.aborted) {
      throw new AppError("locked", `${lake.layout.tokens} was changed by another meanwhile; try again`);
    }
    await writeJson(lake.layout.tokens, { format: 1, tokens }, MODES);
  } finally {
    await lock.release();
  }
}
