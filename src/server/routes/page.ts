import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { compareRegions } from "../../schema/labels/compare.ts";
import { DifferencesSchema, PageSchema } from "../../schema/page-documents.ts";
import { parseRowKey } from "../../schema/row-key.ts";
import type { ServerDeps } from "../deps.ts";
import { findAsset } from "../http/asset-file.ts";
import { checked } from "../http/checked.ts";
import { readParameters } from "../http/parameters.ts";
import { READS } from "../http/route-table.ts";
import { openCatalog } from "../page/catalog.ts";
import { streamLakeEvents } from "../page/lake-events.ts";
import { describePage } from "../page/page.ts";
import { respondWithThumb } from "../page/thumb-response.ts";
import { thumbName } from "../page/thumbs.ts";

const DifferencesParametersSchema = v.strictObject({ a: v.string(), b: v.string() });
/** Longer sides: in lists, and in place of an image that browsers do not know. */
const THUMB_SIDES = ["256", "2500"] as const;
const ThumbParametersSchema = v.strictObject({
  asset: v.string(),
  side: v.optional(v.pipe(v.picklist(THUMB_SIDES), v.transform(Number)), "256"),
  /** Page of the file, from 0. */
  frame: v.optional(v.pipe(v.string(), v.regex(/^\d{1,6}$/, "is not a page"), v.transform(Number)), "0"),
});

type PageDeps = Pick<
  ServerDeps,
  "lake" | "engines" | "thumbs" | "supervisor" | "shown" | "cutOff" | "visitorOf"
>;

/** GET /pages/{key}, /thumbs/{hash} and /events: what the page in the browser shows. */
export function pageRoutes({ lake, engines, thumbs, supervisor, shown, cutOff, visitorOf }: PageDeps) {
  const catalog = () => openCatalog(engines);
  return new Elysia({ name: "page" })
    .get(
      "/pages/*",
      async ({ request }) => {
        // As it came: its parts are decoded one by one.
        const rest = new URL(request.url).pathname.slice("/pages/".length);
        return describePage(await catalog(), lake, parseRowKey(rest), request.signal);
      },
      {
        params: checked(v.object({ "*": v.string() })),
        response: { 200: PageSchema },
        detail: { summary: "A row with its pages and what its label says", ...READS },
      },
    )
    .get(
      "/differences",
      async ({ request }) => {
        const keys = readParameters(request, DifferencesParametersSchema);
        const open = await catalog();
        const [a, b] = await Promise.all(
          [keys.a, keys.b].map((key) => describePage(open, lake, parseRowKey(key), request.signal)),
        );
        if (a === undefined || b === undefined) throw new AppError("internal", "there are two rows");
        return { a, b, ...compareRegions(a.label?.regions ?? [], b.label?.regions ?? []) };
      },
      {
        response: { 200: DifferencesSchema },
        detail: {
          summary: "What differs between the labels of two rows",
          query: DifferencesParametersSchema,
          ...READS,
        },
      },
    )
    .get(
      "/thumbs/:hash",
      async ({ request, params: { hash } }) => {
        const { asset: named, ...size } = readParameters(request, ThumbParametersSchema);
        const asset = await findAsset(lake, named);
        if (asset === undefined || asset.hash !== hash) {
          throw new AppError("not_found", "there is no such asset; take hash and path from a row");
        }
        return respondWithThumb(
          request,
          thumbName(hash, size),
          await thumbs.fileOf(asset, size, request.signal),
        );
      },
      {
        params: checked(
          v.object({ hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "is not a SHA-256")) }),
        ),
        detail: {
          summary: "A small WebP of an image",
          query: ThumbParametersSchema,
          rows: { "image/webp": v.unknown() },
          ...READS,
        },
      },
    )
    .get(
      "/events",
      ({ request }) =>
        streamLakeEvents(
          {
            lake,
            supervisor,
            version: () => engines.version("duckdb"),
            shown: (job) => shown(job, request),
          },
          { cutOff: () => cutOff(request), isKnown: () => visitorOf(request) !== undefined },
        ),
      {
        detail: {
          summary: "Server-sent events: `job`, `uploads` and `catalog`, as they are and whenever they change",
          ...READS,
        },
      },
    );
}
