import { basename } from "node:path";
import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { ENGINE_NAMES } from "../../schema/engines.ts";
import { type SessionDocument, SessionSchema } from "../../schema/page-documents.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { termsOf } from "../http/route-table.ts";

const BodySchema = v.strictObject({ token: v.pipe(v.string(), v.maxLength(1000)) });
const ANYBODY = termsOf({ role: "anybody", audit: "none", body: "small" });
const LOGIN = termsOf({ role: "anybody", audit: "all", body: "small" });

/** GET, POST and DELETE /session: who the browser is, by a cookie that stands for its token. */
export function sessionRoutes({
  lake,
  version,
  sessions,
  visitorOf,
  isSecure,
}: Pick<ServerDeps, "lake" | "version" | "sessions" | "visitorOf" | "isSecure">) {
  const describe = (caller: ReturnType<typeof visitorOf>): SessionDocument => ({
    lake: basename(lake.root),
    version,
    login: caller === undefined ? "needed" : caller.name === undefined ? "none" : "done",
    name: caller?.name ?? null,
    role: caller?.role ?? null,
    engines: [...ENGINE_NAMES],
  });
  return new Elysia({ name: "session" })
    .get("/session", ({ request }) => describe(visitorOf(request)), {
      response: { 200: SessionSchema },
      detail: { summary: "Who the caller is, and whether a token is needed", ...ANYBODY },
    })
    .post(
      "/session",
      ({ body, request }) => {
        const begun = sessions.begin(body.token.trim(), isSecure(request));
        if (begun === undefined) {
          throw new AppError("unauthorized", "this token is not valid; ask the administrator for one");
        }
        return Response.json(describe(begun.caller), { headers: { "set-cookie": begun.cookie } });
      },
      {
        body: checked(BodySchema),
        response: { 200: SessionSchema },
        detail: { summary: "Logs a browser in: a token for a cookie", ...LOGIN },
      },
    )
    .delete(
      "/session",
      ({ request }) =>
        Response.json(
          { ended: true },
          { headers: { "set-cookie": sessions.end(request.headers.get("cookie")) } },
        ),
      {
        response: { 200: v.object({ ended: v.boolean() }) },
        detail: { summary: "Logs a browser out", ...LOGIN },
      },
    );
}
