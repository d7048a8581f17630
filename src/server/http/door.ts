/**
 * What every request is judged by. The runtime puts the Host header into a request's URL and the router
 * looks for the path from a fixed position on, so that a short or strange name there would move the path.
 */
export const DOOR = "http://datalake.internal";

/**
 * The request as access control and routes see it: its path and query under one constant
 * name; a slash at the path's end does not count. Its body is that of the request.
 */
export function enterDoor(request: Request): Request {
  const { method, headers, signal, body } = request;
  const hasBody = body !== null && method !== "GET" && method !== "HEAD";
  return new Request(targetUrl(request.url), { method, headers, signal, ...(hasBody && { body }) });
}

/** From `http://nas:8091/jobs?limit=1`; the runtime leaves out the name where the Host header is none. */
function targetUrl(url: string): string {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, "");
  const { pathname, search } = new URL(DOOR + (target.startsWith("/") ? target : `/${target}`));
  const path = pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
  return DOOR + path + search;
}
