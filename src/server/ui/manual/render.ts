import { LANGUAGES, type Language, listTopics } from "../../../docs/pages.ts";
import { type Article, renderArticle } from "./article.ts";
import { missingPageUrl, type Place, pageUrl } from "./links.ts";

/** Addresses of what every page of the manual needs. */
export interface ManualFiles {
  icon: string;
  style: string;
  script: string;
  image(name: string): string;
}

const TEXTS: Record<Language, Record<"manual" | "skip" | "pages" | "missing" | "choose", string>> = {
  en: {
    manual: "Manual",
    skip: "Skip to the text",
    pages: "Pages of the manual",
    missing: "The manual has no such page",
    choose: "Choose one from the list.",
  },
  ko: {
    manual: "매뉴얼",
    skip: "본문으로 건너뛰기",
    pages: "매뉴얼의 쪽",
    missing: "매뉴얼에 그런 쪽이 없습니다",
    choose: "목록에서 쪽을 고르세요.",
  },
};
const NAMES: Record<Language, string> = { en: "English", ko: "한국어" };

/** Every page of the manual in every language, by its address, and what is shown in place of others. */
export function renderManual(files: ManualFiles): { url: string; html: string }[] {
  return LANGUAGES.flatMap((wanted) => {
    const pages = listTopics().map(({ topic, languages }) => {
      const place: Place = { topic, wanted, written: languages.includes(wanted) ? wanted : "en" };
      return { place, article: renderArticle(place, files.image) };
    });
    const { missing, choose } = TEXTS[wanted];
    const instead: Page = {
      place: { topic: "overview", wanted, written: wanted },
      article: { title: missing, html: `<h1>${missing}</h1><p>${choose}</p>`, sections: [] },
    };
    return [
      { url: missingPageUrl(wanted), html: documentOf(instead, pages, files) },
      ...pages.map((page) => ({
        url: pageUrl(page.place.topic, wanted),
        html: documentOf(page, pages, files),
      })),
    ];
  });
}

interface Page {
  place: Place;
  article: Article;
}

function documentOf(
  { place, article }: Page,
  pages: readonly Page[],
  { icon, style, script }: ManualFiles,
): string {
  const { topic, wanted, written } = place;
  const { manual, skip, pages: listed } = TEXTS[wanted];
  const others = LANGUAGES.filter((language) => language !== wanted).map(
    (language) =>
      `<a href="${pageUrl(topic, language)}" lang="${language}" hreflang="${language}">${NAMES[language]}</a>`,
  );
  const links = pages.map((page) => linkOf(page, page.place === place));
  return `<!doctype html>
<html lang="${wanted}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${Bun.escapeHTML(article.title)} · ${manual} · datalake</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${style}">
<script src="${script}"></script>
</head>
<body>
<a class="skip" href="#main">${skip}</a>
<header class="head"><a class="lake" href="/ui/">datalake</a><a href="${pageUrl("overview", wanted)}">${manual}</a><span class="aside">${others.join(" ")}</span></header>
<div class="manual">
<nav aria-label="${listed}"><ul>${links.join("")}</ul></nav>
<main id="main" tabindex="-1" lang="${written}" data-shown>${article.html}</main>
</div>
</body>
</html>
`;
}

function linkOf({ place, article }: Page, isCurrent: boolean): string {
  const { topic, wanted, written } = place;
  const name = Bun.escapeHTML(article.title);
  const lang = written === wanted ? "" : ` lang="${written}"`;
  if (!isCurrent) return `<li${lang}><a href="${pageUrl(topic, wanted)}">${name}</a></li>`;
  const sections = article.sections.map(({ id, name }) => `<li><a href="#${id}">${name}</a></li>`);
  const below = sections.length === 0 ? "" : `<ul>${sections.join("")}</ul>`;
  return `<li${lang}><a href="${pageUrl(topic, wanted)}" aria-current="page">${name}</a>${below}</li>`;
}
