import type { Language, Topic } from "../../../docs/pages.ts";

/** A page of the manual in the browser: of a language that is wanted, and the one that it is written in. */
export interface Place {
  topic: string;
  wanted: Language;
  written: Language;
}

/** Where links of the first page lead that are of the repository alone. */
const OF_REPOSITORY = new Set(["/docs/src/README.md", "/docs/config.yaml", "/config.yaml"]);

/** The address of a page of the manual. */
export function pageUrl(topic: string, language: Language): string {
  return `/ui/manual/${language === "en" ? "" : `${language}/`}${topic}`;
}

/** The address of what is shown at those that have no page. */
export function missingPageUrl(language: Language): string {
  return pageUrl("missing", language);
}

/**
 * Where a link in a page leads in the browser; undefined for what is in the repository alone. Who reads Korean stays there:
 * what is not translated is shown in English among the Korean pages. Throws for a link that leads nowhere.
 */
export function linkUrl(href: string, from: Place, topics: readonly Topic[]): string | undefined {
  if (/^(https?:|#)/.test(href)) return href;
  const { pathname, hash } = resolve(href, from);
  if (pathname === "/README.md") return pageUrl("overview", from.wanted) + hash;
  const [, named, topic] = /^\/docs\/(ko\/)?([a-z]+)\.md$/.exec(pathname) ?? [];
  const page = topics.find((one) => one.topic === topic);
  if (page === undefined) {
    if (OF_REPOSITORY.has(pathname)) return undefined;
    throw new Error(`the page ${from.topic} of the manual links to ${href}, which is no page`);
  }
  const isTranslated = page.languages.includes("ko");
  // A Korean page that links to the English one of two means that; sections have other names in other languages.
  const staysKorean = from.wanted === "ko" && (!isTranslated || (from.written === "en" && hash === ""));
  return pageUrl(page.topic, named !== undefined || staysKorean ? "ko" : "en") + hash;
}

/** The name of an image of the manual. Throws for what is none. */
export function imageName(source: string, from: Place): string {
  const [, name] = /^\/docs\/images\/([\w-]+\.webp)$/.exec(resolve(source, from).pathname) ?? [];
  if (name === undefined)
    throw new Error(`the page ${from.topic} of the manual shows ${source}, which is no image`);
  return name;
}

/** As files lie beside each other. */
function resolve(path: string, { topic, written }: Place): URL {
  return new URL(path, `http://manual/docs/${written === "en" ? "" : `${written}/`}${topic}.md`);
}
