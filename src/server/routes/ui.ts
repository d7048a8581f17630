import { gunzipSync } from "node:zlib";
import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { decodeRest } from "../http/file-response.ts";
import { READS, termsOf } from "../http/route-table.ts";
import { loadUi } from "../ui/files.ts";
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
const ParamsSchema = v.object({ "*": v.string() });
const OPEN = termsOf({ ...READS.terms, role: "anybody" });

/**
 * GET /ui and /ui/{path}: the page in the browser. Its files are below /ui/files/; every other address is a view of
 * it, of which the page itself knows the meaning.
 */
export function uiRoutes({ settings }: Pick<ServerDeps, "settings">) {
  let loading: Promise<ReadonlyMap<string, UiFile>> | undefined;
  const load = async () => new Map((await loadUi()).map((file) => [file.name, file]));
  const answer = async (request: Request, rest: string) => {
    if (settings.serve.ui === "off") {
      throw new AppError("not_found", "the page is switched off (serve.ui); the API is at /openapi.json");
    }
    loading ??= load();
    const path = decodeRest(rest) ?? "";
    const name = path.startsWith(FILES) ? path.slice(FILES.length) : "index.html";
    const file = (await loading).get(name);
    if (file === undefined) throw new AppError("not_found", `the page has no file ${name}; reload it`);
    return respond(request, file);
  };
  return new Elysia({ name: "ui" })
    .get("/ui", ({ request }) => answer(request, ""), {
      detail: { summary: "The page in the browser", ...OPEN },
    })
    .get("/ui/*", ({ request, params }) => answer(request, params["*"]), {
      params: checked(ParamsSchema),
      detail: { summary: "A view of that page, or one of its files", ...OPEN },
    });
}

function respond(request: Request, { type, etag, isImmutable, br, gzip }: UiFile): Response {
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
  if (known?.split(",").some((one) => one.trim().replace(/^W\//, "") === etag)) {
    return new Response(null, { status: 304, headers });
  }
  const accepted = acceptedEncodings(request.headers.get("accept-encoding") ?? "");
  const coding = accepted.has("br") ? "br" : accepted.has("gzip") ? "gzip" : undefined;
  const body = coding === "br" ? br : coding === "gzip" ? gzip : new Uint8Array(gunzipSync(gzip));
  if (coding !== undefined) headers["content-encoding"] = coding;
  return new Response(body, { headers });
}

/** Without those that are refused: `gzip;q=0`. */
function acceptedEncodings(header: string): Set<string> {
  const parts = header.split(",").map((part) => part.split(";").map((side) => side.trim().toLowerCase()));
  return new Set(parts.filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? "")).map(([name = ""]) => name));
}
