import { Elysia } from "elysia";
import * as v from "valibot";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { READS, termsOf } from "../http/route-table.ts";

const ParamsSchema = v.object({ topic: v.pipe(v.string(), v.maxLength(100)) });
const RootSchema = v.object({
  name: v.literal("datalake"),
  version: v.string(),
  /** Where to go from here, as paths. */
  links: v.object({ docs: v.string(), openapi: v.string(), status: v.string(), metrics: v.string() }),
});
const ListSchema = v.object({
  topics: v.array(
    v.object({
      topic: v.string(),
      summary: v.string(),
      /** By language. */
      paths: v.record(v.string(), v.string()),
    }),
  ),
});

/**
 * GET /, which says where to go and sends browsers to the page, and the manual: GET /docs, /docs/{topic} and
 * /docs/ko/{topic}.
 */
export function docsRoutes({ version, settings }: Pick<ServerDeps, "version" | "settings">) {
  return new Elysia({ name: "docs" })
    .get(
      "/",
      ({ request, redirect }) => {
        const isBrowser = request.headers.get("accept")?.includes("text/html") ?? false;
        if (isBrowser && settings.serve.ui === "on") return redirect("/ui/");
        return {
          name: "datalake" as const,
          version,
          links: { docs: "/docs", openapi: "/openapi.json", status: "/status", metrics: "/metrics" },
        };
      },
      {
        response: { 200: RootSchema },
        detail: {
          summary: "Where to start; browsers are sent to the page",
          ...termsOf({ ...READS.terms, role: "anybody" }),
        },
      },
    )
    .get(
      "/docs",
      async () => {
        const { listTopics } = await import("../../docs/pages.ts");
        return {
          topics: listTopics().map(({ topic, summary, languages }) => ({
            topic,
            summary,
            paths: Object.fromEntries(
              languages.map((language) => [
                language,
                language === "en" ? `/docs/${topic}` : `/docs/${language}/${topic}`,
              ]),
            ),
          })),
        };
      },
      { response: { 200: ListSchema }, detail: { summary: "The pages of the manual", ...READS } },
    )
    .get("/docs/:topic", ({ params }) => page(params.topic, "en"), {
      params: checked(ParamsSchema),
      detail: {
        summary: "A page of the manual, as Markdown",
        rows: { "text/markdown": v.string() },
        ...READS,
      },
    })
    .get("/docs/ko/:topic", ({ params }) => page(params.topic, "ko"), {
      params: checked(ParamsSchema),
      detail: {
        summary: "A page of the manual in Korean, else in English, as Markdown",
        rows: { "text/markdown": v.string() },
        ...READS,
      },
    });
}

/** The pages link to each other as files, so their names work with and without the ending. */
async function page(name: string, wanted: "en" | "ko"): Promise<Response> {
  const { readPage } = await import("../../docs/pages.ts");
  const { language, text } = readPage(name.replace(/\.md$/, ""), wanted);
  return new Response(text, {
    headers: { "content-type": "text/markdown; charset=utf-8", "content-language": language },
  });
}
