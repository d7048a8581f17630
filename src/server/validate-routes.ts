import { Elysia } from "elysia";
import * as v from "valibot";
import { AssetCheckRequestSchema, ValidationIdSchema, ValidationSchema } from "../schema/asset-check.ts";
import { checked } from "./checked.ts";
import type { ServerDeps } from "./deps.ts";

const ParamsSchema = v.object({ id: ValidationIdSchema });
const FormatSchema = v.optional(v.picklist(["json", "csv"]), "json");
const TYPES = { json: "application/json", csv: "text/csv; charset=utf-8; header=present" } as const;

/** POST /validate-assets; GET and DELETE /validations/{id}, GET /validations/{id}/report. */
export function validateRoutes({ checks, identityOf }: Pick<ServerDeps, "checks" | "identityOf">) {
  return new Elysia({ name: "validations" })
    .post(
      "/validate-assets",
      ({ request, body }) => {
        const { validation_id, status } = checks.start(body ?? { hash: false }, identityOf(request));
        return { validation_id, status };
      },
      {
        body: checked(v.nullish(AssetCheckRequestSchema)),
        response: { 200: v.object({ validation_id: ValidationIdSchema, status: v.string() }) },
        detail: { summary: "Checks that the assets of the selected partitions are there and whole" },
      },
    )
    .get("/validations/:id", ({ params }) => checks.get(params.id), {
      params: checked(ParamsSchema),
      response: { 200: ValidationSchema },
      detail: { summary: "A check of assets: state, progress, result" },
    })
    .delete("/validations/:id", ({ params }) => checks.cancel(params.id), {
      params: checked(ParamsSchema),
      response: { 200: ValidationSchema },
      detail: { summary: "Stops a check of assets" },
    })
    .get(
      "/validations/:id/report",
      ({ params, query: { format } }) =>
        new Response(Bun.file(checks.report(params.id, format)), {
          headers: {
            "content-type": TYPES[format],
            "content-disposition": `attachment; filename="${params.id}.${format}"`,
          },
        }),
      {
        params: checked(ParamsSchema),
        query: checked(v.object({ format: FormatSchema })),
        detail: { summary: "All findings of a completed check, as JSON or CSV" },
      },
    );
}
