import { listTopics, readPage } from "../../../docs/pages.ts";
import { imageName, linkUrl, type Place } from "./links.ts";

/** A page of the manual as HTML. */
export interface Article {
  title: string;
  html: string;
  /** Its sections, with their names as HTML. */
  sections: { id: string; name: string }[];
}

/** `imageUrl` gives the address of an image of that name. Throws for a link or image that is not there. */
export function renderArticle(place: Place, imageUrl: (name: string) => string): Article {
  const topics = listTopics();
  const { text } = readPage(place.topic, place.written);
  const sections: Article["sections"] = [];
  let title = "";
  const named = Bun.markdown.html(text).replace(/<h([1-4])>(.*?)<\/h\1>/g, (_, level, name) => {
    const id = slugOf(name);
    if (level === "1") title ||= textOf(name);
    if (level === "2") sections.push({ id, name: name.replace(/<\/?a\b[^>]*>/g, "") });
    return `<h${level} id="${id}">${name}</h${level}>`;
  });
  const html = new HTMLRewriter()
    .on("a[href]", {
      element: (link) => {
        const url = linkUrl(link.getAttribute("href") ?? "", place, topics);
        if (url === undefined) link.removeAndKeepContent();
        else link.setAttribute("href", url);
      },
    })
    .on("img", {
      element: (image) => {
        image.setAttribute("src", imageUrl(imageName(image.getAttribute("src") ?? "", place)));
      },
    })
    .on("table", { element: scrollable })
    .on("pre", { element: scrollable })
    .transform(named);
  return { title, html, sections };
}

/** What is wider than the window is moved by keys too. */
function scrollable(element: HTMLRewriterTypes.Element): void {
  element.before('<div class="wide" tabindex="0">', { html: true });
  element.after("</div>", { html: true });
}

/** The id of a heading, as hosts of repositories make it: links in the pages name sections so. */
function slugOf(html: string): string {
  const kept = textOf(html)
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\s_-]/gu, "");
  return kept.trim().replaceAll(/\s/g, "-");
}

function textOf(html: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', amp: "&" };
  return html.replace(/<[^>]*>/g, "").replace(/&(\w+);/g, (all, name) => entities[name] ?? all);
}
