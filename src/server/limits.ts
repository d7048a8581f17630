/** Whether a request's body is read as it comes by its own route, within limits of its own: pieces of an upload. */
export function isStreamed(method: string, pathname: string): boolean {
  return method === "PUT" && pathname.startsWith("/uploads/");
}
