import { dirname } from "node:path";
import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { isMissing } from "../../lake/files.ts";
import type { Lake } from "../../lake/lake.ts";
import { openStaged } from "../../lake/staged-file.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { decodeRest, respondWithFile } from "../http/file-response.ts";
import { READS } from "../http/route-table.ts";

const ParamsSchema = v.object({ "*": v.string() });
/** The `path` of a row: `provider=P/dataset=D/ab/cd/<sha256>.<ext>`. Nothing else below `assets/` is given out. */
const ASSET_PATH =
  /^provider=[^/\\\0]+\/dataset=[^/\\\0]+\/([0-9a-f]{2})\/([0-9a-f]{2})\/(\1\2[0-9a-f]{60})\.([a-z0-9]{1,12})$/;
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
    const path = (decodeRest(params["*"]) ?? "").normalize("NFC");
    const [, , , hash, extension = ""] = ASSET_PATH.exec(path) ?? [];
    const isPlain = !path.split("/").some((part) => part === "." || part === "..");
    const found = hash !== undefined && isPlain ? await sizeOf(lake, path) : undefined;
    if (found === undefined) {
      throw new AppError("not_found", `there is no asset ${path}; take the path from a row`);
    }
    const type = IMAGE_TYPES[extension];
    return respondWithFile(request, {
      path: lake.layout.asset(path),
      sizeBytes: found,
      etag: `"${hash}"`,
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
      params: ParamsSchema,
      detail: { summary: "The size of that asset", ...READS },
    });
}

/** Undefined where it is not a regular file: an asset is never a link, and what one names is not to be given out. */
async function sizeOf({ layout }: Lake, path: string): Promise<number | undefined> {
  const dataset = dirname(dirname(dirname(path))); // which may lie on another disk
  const place = { stagedAt: layout.asset(path), staging: layout.asset(dataset) };
  try {
    const file = await openStaged(place, { maxBytes: Number.POSITIVE_INFINITY });
    await file.close();
    return file.facts.size;
  } catch (error) {
    if (isMissing(error) || (error instanceof AppError && error.code === "corrupt")) return undefined;
    throw error;
  }
}
