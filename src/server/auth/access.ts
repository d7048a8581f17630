import { timingSafeEqual } from "node:crypto";
import { AppError, toAppError } from "../../errors.ts";
import { hashToken, readTokens, type TokenStore } from "../../lake/tokens.ts";
import type { Logger } from "../../log.ts";
import type { AccessState, Role, StoredToken } from "../../schema/token.ts";

/** The caller of a request. */
export interface Caller {
  /** Of the token; undefined where no token is needed. */
  name: string | undefined;
  role: Role;
}

/** The tokens that a server accepts. */
export interface Access {
  /** Open to everyone, tokens required, or closed: the store of tokens is gone or not safe. */
  readonly state: AccessState;
  /** The caller of an Authorization header; undefined for an unknown one. */
  callerOf(header: string | null): Caller | undefined;
  /** Reloads the lake's tokens. */
  refresh(): Promise<void>;
  close(): void;
}

export interface AccessOptions {
  /** Undefined for an account that has no place for one. */
  store: TokenStore | undefined;
  /** Tokens of a file, all of administrators. */
  fileTokens: readonly string[] | undefined;
  /** Open to everyone until a token is created. */
  mayBeOpen: boolean;
  /** Open to everyone, explicitly. */
  noAuth: boolean;
  logger: Logger;
}

interface KnownToken extends Caller {
  hash: Buffer;
  expiresMs: number;
}

const REFRESH_MS = 500;
const EVERYBODY: Caller = { name: undefined, role: "admin" };

/**
 * Opens the lake's tokens and checks them for changes twice a second. A store that vanishes or becomes writable to
 * others closes the server until it is fixed. Throws `corrupt`, `permission_denied`.
 */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { store, fileTokens, mayBeOpen, noAuth, logger } = options;
  const ofFile: KnownToken[] = (fileTokens ?? []).map((token) => ({
    name: "token-file",
    role: "admin",
    hash: Buffer.from(hashToken(token), "hex"),
    expiresMs: Number.POSITIVE_INFINITY,
  }));
  let ofStore: KnownToken[] = [];
  /** Of the store as last read. Once there were tokens, they are required: revoking the last one admits no one. */
  let mark: string | undefined;
  let fault: string | undefined;
  const load = async () => {
    if (store === undefined) return;
    const read = await readTokens(store);
    if (read === undefined && mark !== undefined) {
      throw new AppError(
        "not_found",
        `the tokens in ${store.path} are gone; restore the file, or create new tokens`,
      );
    }
    if (read !== undefined && read.mark !== mark) {
      ofStore = read.tokens.map(known);
      mark = read.mark;
    }
  };
  const refresh = async () => {
    try {
      await load();
      if (fault !== undefined) logger.warn("the tokens are readable again", {});
      fault = undefined;
    } catch (error) {
      const { code, message } = toAppError(error);
      // A store that only this account can write, but is damaged, does not invalidate known tokens.
      const stillHold = code === "corrupt" && mark !== undefined;
      if (!stillHold) [ofStore, mark] = [[], GONE];
      const effect = stillHold ? "those known before remain valid" : "they are not accepted";
      if (message !== fault) logger.error(`the tokens cannot be read; ${effect}`, { error });
      fault = message;
    }
  };
  await load();
  const timer = setInterval(() => void refresh(), REFRESH_MS);
  timer.unref();
  const state = (): AccessState => {
    if (noAuth || (mayBeOpen && fileTokens === undefined && mark === undefined)) return "open";
    return mark === GONE ? "closed" : "tokens";
  };
  return {
    get state() {
      return state();
    },
    callerOf: (header) =>
      findToken([...ofFile, ...ofStore], header) ?? (state() === "open" ? EVERYBODY : undefined),
    refresh,
    close: () => clearInterval(timer),
  };
}

/** Differs from every mark, so that a store that is back is read again. */
const GONE = "gone";

function known({ name, role, sha256, expires_at }: StoredToken): KnownToken {
  const expiresMs = expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(expires_at);
  return { name, role, hash: Buffer.from(sha256, "hex"), expiresMs };
}

/** Takes the same time for a wrong token as for a right one. */
function findToken(known: readonly KnownToken[], header: string | null): Caller | undefined {
  const given = Buffer.from(hashToken(/^Bearer\s+(\S+)$/i.exec(header ?? "")?.[1] ?? ""), "hex");
  let found: KnownToken | undefined;
  for (const token of known) if (timingSafeEqual(token.hash, given)) found = token;
  return found !== undefined && Date.now() < found.expiresMs ? found : undefined;
}

/** `given`: whether the request came with a token. */
export function unauthorized(state: AccessState, given: boolean): AppError {
  return new AppError("unauthorized", reasonOf(state, given));
}

function reasonOf(state: AccessState, given: boolean): string {
  if (state === "closed")
    return "this server accepts no token: its token file is gone or not safe; its log tells the administrator what to do";
  return given
    ? "this server does not know the token that was sent, or it has expired; check DATALAKE_TOKEN or --token-file, or ask its administrator for another"
    : "this server requires a token; set DATALAKE_TOKEN or --token-file, or ask its administrator for one";
}
