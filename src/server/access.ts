import { timingSafeEqual } from "node:crypto";
import { stat } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { hashToken, readLakeTokens } from "../lake/tokens.ts";
import type { Logger } from "../log.ts";
import type { Role } from "../schema/token.ts";

/** Whose request it is. */
export interface Caller {
  /** Of the token; undefined where nobody needs one. */
  name: string | undefined;
  role: Role;
}

/** What a route asks for. The first line that fits counts; what no line names is for administrators. */
const ROUTES: readonly (readonly [methods: string, path: RegExp, role: Role])[] = [
  ["GET HEAD", /^\//, "reader"],
  ["POST", /^\/(search|query)$/, "reader"],
  ["POST", /^\/exports$/, "reader"],
  ["DELETE", /^\/exports\/[^/]+$/, "reader"],
  ["POST PUT DELETE", /^\/uploads(\/|$)/, "curator"],
  ["POST", /^\/process$/, "curator"],
  ["DELETE", /^\/jobs\/[^/]+$/, "curator"],
  ["POST", /^\/validate-assets$/, "curator"],
  ["DELETE", /^\/validations\/[^/]+$/, "curator"],
  ["POST", /^\/catalog\/rebuild$/, "curator"],
];

/** The role that a request asks for; undefined where nobody needs a token: a monitor asks whether the server is up. */
export function wantedRole(method: string, pathname: string): Role | undefined {
  if (pathname === "/health" && (method === "GET" || method === "HEAD")) return undefined;
  const found = ROUTES.find(([methods, path]) => methods.split(" ").includes(method) && path.test(pathname));
  return found?.[2] ?? "admin";
}

/** Whether requests of this kind change nothing. */
export function isReading(method: string, pathname: string): boolean {
  return method === "GET" || method === "HEAD" || /^\/(search|query|exports)$/.test(pathname);
}

/** The tokens that a server takes. */
export interface Access {
  /** Whether everybody is let in. */
  readonly isOpen: boolean;
  /** Whose an Authorization header is; undefined for nobody's. */
  callerOf(header: string | null): Caller | undefined;
  /** Takes up changes of the lake's tokens. */
  refresh(): Promise<void>;
  close(): void;
}

export interface AccessOptions {
  lake: Lake;
  /** Tokens of a file, all of administrators. */
  fileTokens: readonly string[] | undefined;
  /** Everybody may come in where nobody has made a token. */
  mayBeOpen: boolean;
  /** Everybody may come in, said in so many words. */
  noAuth: boolean;
  logger: Logger;
}

interface KnownToken extends Caller {
  hash: Buffer;
  expiresMs: number;
}

const REFRESH_MS = 500;
const EVERYBODY: Caller = { name: undefined, role: "admin" };

/** Opens the lake's tokens and looks twice a second whether they have changed. Throws `corrupt` for an unreadable file. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { lake, fileTokens, mayBeOpen, noAuth, logger } = options;
  const ofFile: KnownToken[] = (fileTokens ?? []).map((token) => ({
    name: "token-file",
    role: "admin",
    hash: Buffer.from(hashToken(token), "hex"),
    expiresMs: Number.POSITIVE_INFINITY,
  }));
  let known = ofFile;
  let seen = "";
  let isOpen = false;
  const load = async () => {
    const mark = await identify(lake.layout.tokens);
    if (mark === seen) return;
    const tokens = await readLakeTokens(lake);
    known = [
      ...ofFile,
      ...tokens.map(({ name, role, sha256, expires_at }) => ({
        name,
        role,
        hash: Buffer.from(sha256, "hex"),
        expiresMs: expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(expires_at),
      })),
    ];
    // Who had tokens once wants them: to revoke the last one lets nobody in.
    isOpen = noAuth || (mayBeOpen && fileTokens === undefined && mark === NONE);
    seen = mark;
  };
  const refresh = () =>
    load().catch((error) =>
      logger.error("the tokens cannot be read; those known before still hold", { error }),
    );
  await load();
  const timer = setInterval(() => void refresh(), REFRESH_MS);
  timer.unref();
  return {
    get isOpen() {
      return isOpen;
    },
    callerOf: (header) => findToken(known, header) ?? (isOpen ? EVERYBODY : undefined),
    refresh,
    close: () => clearInterval(timer),
  };
}

/** Takes the same time for a wrong token as for a right one. */
function findToken(known: readonly KnownToken[], header: string | null): Caller | undefined {
  const given = Buffer.from(hashToken(/^Bearer\s+(\S+)$/i.exec(header ?? "")?.[1] ?? ""), "hex");
  let found: KnownToken | undefined;
  for (const token of known) if (timingSafeEqual(token.hash, given)) found = token;
  return found !== undefined && Date.now() < found.expiresMs ? found : undefined;
}

const NONE = "none";

async function identify(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (error) {
    if (isMissing(error)) return NONE;
    throw error;
  }
}

export function unauthorized(): AppError {
  return new AppError(
    "unauthorized",
    "this server wants a token that it knows; set DATALAKE_TOKEN, or ask its administrator for one",
  );
}
