import { expect, test } from "bun:test";
import { listTopics, readPage } from "../../src/docs/pages.ts";
import { appWithoutLake } from "./app-kit.ts";

const { app } = await appWithoutLake();
const get = (path: string) => app.handle(new Request(`http://localhost${path}`));

test("GET / says where to go", async () => {
  const answer = await get("/");
  expect(answer.status).toBe(200);
  const { version, links } = (await answer.json()) as { version: string; links: Record<string, string> };
  expect([version, links.docs, links.openapi]).toEqual(["1.2.3", "/docs", "/openapi.json"]);
});

test("GET /docs lists the pages, each of which is there", async () => {
  const { topics } = (await (await get("/docs")).json()) as {
    topics: { topic: string; paths: Record<string, string> }[];
  };
  expect(topics.map(({ topic }) => topic)).toEqual(listTopics().map(({ topic }) => topic));
  for (const { topic, paths } of topics) {
    for (const [language, path] of Object.entries(paths)) {
      const answer = await get(path);
      expect(answer.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
      expect(answer.headers.get("content-language")).toBe(language);
      expect(await answer.text()).toBe(readPage(topic, language as "en" | "ko").text);
    }
  }
});

test("every link between pages leads to a page", async () => {
  for (const { topic, languages } of listTopics()) {
    for (const language of languages) {
      const base = `http://localhost/docs/${language === "en" ? "" : `${language}/`}${topic}`;
      for (const [, target] of readPage(topic, language).text.matchAll(/\]\(([\w/.-]+\.md)[^)]*\)/g)) {
        const { pathname } = new URL(target as string, base);
        if (/^\/(?:docs\/src\/)?README\.md$/.test(pathname)) continue; // of the repository alone
        expect([target, (await get(pathname)).status]).toEqual([target, 200]);
      }
    }
  }
});

test("a page that does not exist is not found, and the others are named", async () => {
  const answer = await get("/docs/curatr");
  expect(answer.status).toBe(404);
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe("not_found");
  expect(error.message).toContain("did you mean curator?");
  expect(error.message).toContain("troubleshooting");
});

test("/openapi.json describes every parameter that stands in a path", async () => {
  const { paths } = (await (await get("/openapi.json")).json()) as {
    paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
  };
  const missing = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { parameters = [] }]) => {
      const described = parameters.filter((one) => one.in === "path").map(({ name }) => name);
      const named = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name as string);
      return named.filter((name) => !described.includes(name)).map((name) => `${method} ${path}: ${name}`);
    }),
  );
  expect(missing).toEqual([]);
});
