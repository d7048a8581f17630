import { AppError } from "../../errors.ts";
import { excerpt, quoteExcerpt } from "../../schema/excerpt.ts";
import { includesRole, type Role } from "../../schema/token.ts";
import type { Route } from "../http/route-table.ts";
import type { Sessions } from "../page/sessions.ts";
import { type Access, type Caller, unauthorized } from "./access.ts";
import { parseHost } from "./host.ts";
import { createOpenRequests, type OpenRequestLimits } from "./open-requests.ts";

export interface AdmitOptions extends OpenRequestLimits {
  access: Access;
  sessions: Pick<Sessions, "callerOf">;
  /** Whether a name, as returned by `parseHost`, is this server's. */
  isOwnHost(name: string): boolean;
  /** Whether an address is that of a proxy whose forwarding headers are trusted. */
  isTrusted(address: string): boolean;
  maxBodyBytes: number;
}

/** What is known of a request that was let in. */
export interface Admitted {
  caller: Caller;
  /** Of the client, as the nearest trusted proxy says. */
  address: string;
  /** Why it is refused although the caller is known. */
  refusal?: AppError;
  /** Has to be called when no more work is done for it. */
  done(): void;
}

/**
 * Decides whether a request may come in, before anything reads its body. Throws `bad_host`, `forbidden`, `too_large`,
 * `unauthorized`, `usage` for a token in the URL, `busy`.
 */
export function createAdmit(
  options: AdmitOptions,
): (request: Request, address: string, route: Route) => Admitted {
  const { access, sessions, isOwnHost, isTrusted, maxBodyBytes } = options;
  const open = createOpenRequests(options);
  return (request, peer, { terms }) => {
    const { headers } = request;
    const { pathname, searchParams } = new URL(request.url);
    const isProxied = isTrusted(peer);
    const address = isProxied ? clientAddress(headers, peer, isTrusted) : bareAddress(peer);
    const host = (isProxied ? headers.get("x-forwarded-host") : null) ?? headers.get("host");
    checkHost(host, isOwnHost);
    if (terms.audit !== "none") checkSite(headers, isOwnHost);
    const isLarge = Number(headers.get("content-length") ?? 0) > maxBodyBytes;
    if (isLarge && terms.body === "small") throw tooLarge(maxBodyBytes);
    if (searchParams.has("token") || searchParams.has("access_token")) {
      throw new AppError(
        "usage",
        "a token in a URL ends up in logs and histories; send it as `Authorization: Bearer`, and create a new one",
      );
    }
    const { role } = terms;
    if (role === "anybody") return { caller: { name: undefined, role: "reader" }, address, done: () => {} };
    const byCookie =
      headers.get("authorization") === null ? sessions.callerOf(headers.get("cookie")) : undefined;
    if (byCookie !== undefined) checkOrigin(headers, host);
    const caller = byCookie ?? access.callerOf(headers.get("authorization"));
    if (caller === undefined) throw unauthorized(access.state, headers.get("authorization") !== null);
    const refused = (refusal: AppError) => ({ caller, address, refusal, done: () => {} });
    if (!includesRole(caller.role, role)) return refused(forbidden(request, pathname, caller, role));
    const done = open.enter(request, caller.name ?? address);
    if (done instanceof AppError) return refused(done);
    return { caller, address, done };
  };
}

function forbidden({ method }: Request, pathname: string, { name, role }: Caller, wanted: Role): AppError {
  return new AppError(
    "forbidden",
    `${method} ${pathname} requires the role ${wanted}, and the token ${name} has ${role}; ask the administrator`,
    { details: { role, wanted } },
  );
}

export function tooLarge(maxBodyBytes: number): AppError {
  return new AppError("too_large", `the body is larger than ${maxBodyBytes} bytes (serve.max_body)`);
}

function checkHost(header: string | null, isOwnHost: AdmitOptions["isOwnHost"]): void {
  const shown = quoteExcerpt(header ?? "");
  const name = header === null ? undefined : parseHost(header);
  if (name === undefined) {
    throw new AppError(
      "usage",
      `the Host header ${shown} is not a name or address; write name:port, or [address]:port for IPv6`,
    );
  }
  if (isOwnHost(name)) return;
  throw new AppError(
    "bad_host",
    `this server is not ${shown}; call it by its address, or add the name to serve.allowed_hosts`,
  );
}

/** A browser states the site of a request: pages of other sites may change nothing here. */
function checkSite(headers: Headers, isOwnHost: AdmitOptions["isOwnHost"]): void {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isForeign = site !== null && site !== "same-origin" && site !== "none";
  if (!isForeign && (origin === null || isOwnHost(hostOf(origin)))) return;
  throw new AppError(
    "forbidden",
    `a page of ${excerpt(origin ?? "another site")} may not change anything here; call the server from a program or from its own pages`,
  );
}

/**
 * A cookie goes along whatever page asks, also one of another port of this host: with it only the server's own pages may
 * read. Over plain HTTP browsers say less; there the page that refers has to be one of its own.
 */
function checkOrigin(headers: Headers, host: string | null): void {
  const site = headers.get("sec-fetch-site");
  const from = headers.get("origin") ?? headers.get("referer");
  const isOwn =
    site !== null
      ? site === "same-origin" || site === "none"
      : from === null || (URL.canParse(from) && new URL(from).host === host);
  if (isOwn) return;
  throw new AppError(
    "forbidden",
    "a page of another site may not use this login; open the server's own page, or send a token",
  );
}

/** Empty for an origin without a host; no server has that. */
function hostOf(origin: string): string {
  return (URL.canParse(origin) && parseHost(new URL(origin).host)) || "";
}

/** The last address of X-Forwarded-For that no trusted proxy has: all before it anybody may have written. */
function clientAddress(headers: Headers, peer: string, isTrusted: AdmitOptions["isTrusted"]): string {
  const hops = (headers.get("x-forwarded-for") ?? "").split(",").map((hop) => bareAddress(hop.trim()));
  return hops.findLast((hop) => hop !== "" && !isTrusted(hop)) ?? bareAddress(peer);
}

/** Says whether an address is one of these. */
export function createProxyCheck(proxies: readonly string[]): (address: string) => boolean {
  const known = new Set(proxies.map(bareAddress));
  return (address) => known.has(bareAddress(address));
}

/** `::ffff:10.0.0.5` is `10.0.0.5`. */
function bareAddress(address: string): string {
  return address.replace(/^::ffff:/i, "");
}
