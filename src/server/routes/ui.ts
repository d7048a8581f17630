import { gunzipSync } from "node:zlib";
import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { decodeRest } from "../http/file-response.ts";
import { READS, termsOf } from "../http/route-table.ts";
import { toManual, toOverview } from "../http/to-manual.ts";
import { loadUi } from "../ui/files.ts";
import { missingPageUrl } from "../ui/manual/links.ts";
import type { UiFile } from "../ui/ui-file.ts";

/** Nothing comes from another host, nothing in the page itself is run, and no text becomes markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const FILES = "files/";
const missingPath = (language: "en" | "ko") => missingPageUrl(language).replace("/ui/", "");
/** Shown in place of pages of the manual that are not there, and none themselves. */
const MISSING: ReadonlySet<string> = new Set([missingPath("en"), missingPath("ko")]);
const ParamsSchema = v.object({ "*": v.string() });
const OPEN = termsOf({ ...READS.terms, role: "anybody" });

/**
 * GET /ui and /ui/{path}: the page in the browser. Its files are below /ui/files/, the manual is below /ui/manual/; every
 * other address is a view of the page, of which it itself knows the meaning.
 */
export function uiRoutes({ settings }: Pick<ServerDeps, "settings">) {
  let loading: Promise<ReadonlyMap<string, UiFile>> | undefined;
  const load = async () => new Map((await loadUi()).map((file) => [file.path, file]));
  const answer = async (request: Request, rest: string) => {
    if (settings.serve.ui === "off") {
      throw new AppError("not_found", "the page is switched off (serve.ui); the API is at /openapi.json");
    }
    const path = decodeRest(rest) ?? "";
    if (/^manual\/?$/.test(path)) return toOverview(request, "accept-language");
    if (/^manual\/ko\/?$/.test(path)) return toManual("ko/overview");
    loading ??= load();
    const files = await loading;
    const file = files.get(path);
    if (file !== undefined && !MISSING.has(path)) return respond(request, file);
    if (path.startsWith(FILES)) {
      throw new AppError("not_found", `the page has no file ${path.slice(FILES.length)}; reload it`);
    }
    const [isOfManual, ofKorean] = /^manual\/(ko\/)?/.exec(path) ?? [];
    if (isOfManual === undefined) return respond(request, files.get("index.html") as UiFile);
    const instead = missingPath(ofKorean === undefined ? "en" : "ko");
    return respond(request, files.get(instead) as UiFile, 404);
  };
  return new Elysia({ name: "ui" })
    .get("/ui", ({ request }) => answer(request, ""), {
      detail: { summary: "The page in the browser", ...OPEN },
    })
    .get("/ui/*", ({ request, params }) => answer(request, params["*"]), {
      params: checked(ParamsSchema),
      detail: { summary: "A view of that page, one of its files, or a page of the manual", ...OPEN },
    });
}

function respond(request: Request, { type, etag, isImmutable, codings }: UiFile, status = 200): Response {
  const headers: Record<string, string> = {
    "content-type": type,
    etag,
    vary: "accept-encoding",
    "cache-control": isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  };
  const known = request.headers.get("if-none-match");
  if (status === 200 && known?.split(",").some((one) => one.trim().replace(/^W\//, "") === etag)) {
    return new Response(null, { status: 304, headers });
  }
  if ("plain" in codings) return new Response(codings.plain, { status, headers });
  const accepted = acceptedEncodings(request.headers.get("accept-encoding") ?? "");
  const coding = accepted.has("br") ? "br" : accepted.has("gzip") ? "gzip" : undefined;
  if (coding === undefined)
    return new Response(new Uint8Array(gunzipSync(codings.gzip)), { status, headers });
  return new Response(codings[coding], { status, headers: { ...headers, "content-encoding": coding } });
}

/** Without those that are refused: `gzip;q=0`. */
function acceptedEncodings(header: string): Set<string> {
  const parts = header.split(",").map((part) => part.split(";").map((side) => side.trim().toLowerCase()));
  return new Set(parts.filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? "")).map(([name = ""]) => name));
}
