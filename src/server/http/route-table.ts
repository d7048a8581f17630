import type { Role } from "../../schema/token.ts";

/**
 * What a route says of itself, where it is defined: `detail: { summary, ...READS }`. Access, limits, the log, the
 * audit log and /openapi.json go by it.
 */
export interface RouteTerms {
  /** Required role; `anybody` needs no token. */
  role: Role | "anybody";
  /** Which of its requests are in the audit log: none of a route that changes nothing. */
  audit: "none" | "all" | "failed";
  /**
   * Its body: small JSON that is there before the route is run, or a stream that it reads within limits of its own.
   */
  body: "small" | "stream";
  /** Counted as a query. */
  query?: "search" | "sql";
}

/** A route that changes nothing, for every token. */
export const READS = termsOf({ role: "reader", audit: "none", body: "small" });

/** A route that changes something. */
export function changes(role: Role): { terms: RouteTerms } {
  return termsOf({ role, audit: "all", body: "small" });
}

export function termsOf(terms: RouteTerms): { terms: RouteTerms } {
  return { terms };
}

/** A route of a request. */
export interface Route {
  method: string;
  /** As a pattern, `/jobs/{id}`: a name that stays the same for all its requests; `none` for paths of no route. */
  name: string;
  terms: RouteTerms;
}

/** The route of a request, by its method and path. */
export type RouteTable = (method: string, pathname: string) => Route;

/** A route as the framework lists it. */
export interface ListedRoute {
  method: string;
  path: string;
  hooks: unknown;
}

/** Name for unknown paths, of which there are unlimited many. */
export const NO_ROUTE = "none";

/** Looks up routes by what they declare. Throws when one declares nothing: the server does not start then. */
export function createRouteTable(listed: readonly ListedRoute[]): RouteTable {
  const routes = listed.map(({ method, path, hooks }): Route & { path: string; matches: RegExp } => {
    const { terms } = (hooks as { detail?: { terms?: RouteTerms } }).detail ?? {};
    if (terms === undefined) throw new Error(`${method} ${path} does not declare its terms`);
    return { method, path, name: nameOf(path), terms, matches: patternOf(path) };
  });
  // A path that is spelled out comes before a pattern that it fits.
  routes.sort((a, b) => Number(/[:*]/.test(a.path)) - Number(/[:*]/.test(b.path)));
  return (method, pathname) => {
    const fitting = routes.filter(({ path, matches }) => path === pathname || matches.test(pathname));
    const asked = (wanted: string) => fitting.find((route) => route.method === wanted);
    const found = asked(method) ?? (method === "HEAD" ? asked("GET") : undefined);
    if (found !== undefined) return found;
    const isReading = method === "GET" || method === "HEAD";
    const { terms } = isReading ? READS : changes("admin");
    return { method, name: fitting[0]?.name ?? NO_ROUTE, terms };
  };
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);

/** A method as a name out of few. */
export function methodName(method: string): string {
  return METHODS.has(method) ? method : "OTHER";
}

function nameOf(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}");
}

function patternOf(path: string): RegExp {
  const parts = path.split("/").map((part) => {
    if (part.startsWith(":")) return "[^/]+";
    return part === "*" ? ".*" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("/")}$`);
}
