import { parseRange } from "./byte-range.ts";

export interface ServedFile {
  path: string;
  sizeBytes: number;
  /** With its quotes; differs where the bytes may. */
  etag: string;
  headers: Record<string, string>;
}

/**
 * A file, or the part of it that is asked for, unless the asker has it (RFC 9110, 13 and 14). A client that reads
 * nothing for the idle time of a connection is cut off, and may request the rest.
 */
export function respondWithFile(request: Request, { path, sizeBytes, etag, headers }: ServedFile): Response {
  const common = { ...headers, etag, "accept-ranges": "bytes", "x-content-type-options": "nosniff" };
  const known = request.headers.get("if-none-match");
  if (known !== null && (known === "*" || known.split(",").some((one) => one.trim() === etag))) {
    return new Response(null, { status: 304, headers: common });
  }
  // A part of a file that has changed since is useless to the client.
  const condition = request.headers.get("if-range");
  const wanted = condition === null || condition === etag ? request.headers.get("range") : null;
  const range = parseRange(wanted, sizeBytes);
  if (range === "unsatisfiable") {
    return new Response(null, {
      status: 416,
      headers: { ...common, "content-range": `bytes */${sizeBytes}` },
    });
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  const sized = { ...common, "content-length": String(end - start) };
  const answer =
    range === undefined
      ? { status: 200, headers: sized }
      : { status: 206, headers: { ...sized, "content-range": `bytes ${start}-${end - 1}/${sizeBytes}` } };
  if (end === start) return new Response(null, answer);
  return new Response(Bun.file(path).slice(start, end).stream(), answer);
}

/** The rest of a path behind a wildcard, which the framework leaves as it was sent; undefined for what is no text. */
export function decodeRest(rest: string): string | undefined {
  try {
    return decodeURIComponent(rest);
  } catch {
    return undefined;
  }
}
