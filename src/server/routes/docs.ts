import { Elysia } from "elysia";
import * as v from "valibot";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { READS, termsOf } from "../http/route-table.ts";
import { toManual, toOverview } from "../http/to-manual.ts";

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
 * GET /, which says where to go, and the manual for programs: GET /docs, /docs/{topic} and /docs/ko/{topic}. Browsers are
 * sent to the page, which has the manual for people.
 */
export function docsRoutes({ version, settings }: Pick<ServerDeps, "version" | "settings">) {
  const isBrowser = ({ headers }: Request) =>
    settings.serve.ui === "on" && (headers.get("accept")?.includes("text/html") ?? false);
  return new Elysia({ name: "docs" })
    .get(
      "/",
      ({ request, redirect }) => {
        if (isBrowser(request)) return redirect("/ui/");
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
      ({ request }) => (isBrowser(request) ? toOverview(request, "accept, accept-language") : list()),
      {
        response: { 200: ListSchema },
        detail: { summary: "The pages of the manual; browsers are sent to them", ...READS },
      },
    )
    .get("/docs/:topic", ({ request, params }) => page(params.topic, "en", isBrowser(request)), {
      params: checked(ParamsSchema),
      detail: {
        summary: "A page of the manual, as Markdown; browsers are sent to it as they show it",
        rows: { "text/markdown": v.string() },
        ...READS,
      },
    })
    .get("/docs/ko/:topic", ({ request, params }) => page(params.topic, "ko", isBrowser(request)), {
      params: checked(ParamsSchema),
      detail: {
        summary: "A page of the manual in Korean, else in English, as Markdown",
        rows: { "text/markdown": v.string() },
        ...READS,
      },
    });
}

async function list(): Promise<v.InferOutput<typeof ListSchema>> {
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
}

/** The pages link to each other as files, so their names work with and without the ending. */
async function page(name: string, wanted: "en" | "ko", isBrowser: boolean): Promise<Response> {
  const { readPage } = await import("../../docs/pages.ts");
  const topic = name.replace(/\.md$/, "");
  const { language, text } = readPage(topic, wanted);
  if (isBrowser) return toManual(`${wanted === "ko" ? "ko/" : ""}${topic}`, "accept");
  return new Response(text, {
    headers: { "content-type": "text/markdown; charset=utf-8", "content-language": language, vary: "accept" },
  });
}
