import { respondWithFile } from "../http/file-response.ts";

/** A thumbnail by its name, which says of what it is and how large: it never changes. */
export function respondWithThumb(request: Request, name: string, path: string): Response {
  return respondWithFile(request, {
    path,
    sizeBytes: Bun.file(path).size,
    etag: `"${name}"`,
    headers: { "content-type": "image/webp", "cache-control": "private, max-age=31536000, immutable" },
  });
}
