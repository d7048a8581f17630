export interface NamedRoute {
  method: string;
  path: string;
}

/** Paths of no route: as many as somebody likes to invent. */
export const NO_ROUTE = "none";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);

/** Says which route a path belongs to, as a pattern (`/jobs/{id}`): a name that stays the same for all its requests. */
export function createRouteNames(routes: readonly NamedRoute[]): (pathname: string) => string {
  const exact = new Set(routes.map(({ path }) => path).filter((path) => !/[:*]/.test(path)));
  const patterns = [...new Set(routes.map(({ path }) => path))]
    .filter((path) => /[:*]/.test(path))
    .map((path) => ({ name: path.replace(/:(\w+)/g, "{$1}"), matches: patternOf(path) }));
  return (pathname) => {
    if (exact.has(pathname)) return pathname;
    return patterns.find(({ matches }) => matches.test(pathname))?.name ?? NO_ROUTE;
  };
}

/** A method as a name out of few. */
export function methodName(method: string): string {
  return METHODS.has(method) ? method : "OTHER";
}

function patternOf(path: string): RegExp {
  const parts = path.split("/").map((part) => {
    if (part.startsWith(":")) return "[^/]+";
    return part === "*" ? ".*" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("/")}$`);
}
