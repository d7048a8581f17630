import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import type { ServerDeps } from "../deps.ts";
import { findAsset } from "../http/asset-file.ts";
import { checked } from "../http/checked.ts";
import { decodeRest, respondWithFile } from "../http/file-response.ts";
import { READS } from "../http/route-table.ts";

const ParamsSchema = v.object({ "*": v.string() });
/** Pages of the browser may show these; anything else is only to be saved. */
const IMAGE_TYPES: Record<string, string> = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  avif: "image/avif",
  tiff: "image/tiff",
  tif: "image/tiff",
};

/** GET and HEAD /assets/{path}: an asset by the `path` of its row. Its name is its digest: it never changes. */
export function assetRoutes({ lake }: Pick<ServerDeps, "lake">) {
  const asset = async ({ request, params }: { request: Request; params: { "*": string } }) => {
    const named = decodeRest(params["*"]) ?? "";
    const found = await findAsset(lake, named);
    if (found === undefined) {
      throw new AppError(
        "not_found",
        `there is no asset ${named.normalize("NFC")}; take the path from a row`,
      );
    }
    const type = IMAGE_TYPES[found.extension];
    return respondWithFile(request, {
      path: found.path,
      sizeBytes: found.sizeBytes,
      etag: `"${found.hash}"`,
      headers: {
        "content-type": type ?? "application/octet-stream",
        "content-disposition": type === undefined ? "attachment" : "inline",
        "cache-control": "private, max-age=31536000, immutable",
      },
    });
  };
  return new Elysia({ name: "asset-files" })
    .get("/assets/*", asset, {
      params: checked(ParamsSchema),
      detail: { summary: "An asset, or a part of it, by the path of its row", ...READS },
    })
    .head("/assets/*", asset, {
      params: checked(ParamsSchema),
      detail: { summary: "The size of that asset", ...READS },
    });
}
