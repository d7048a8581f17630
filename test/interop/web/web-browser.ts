/** Chromium on the page of a server: one browser a file, a context a visit; what the console tells is an error. */
import { expect } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { until } from "../../server/server-kit.ts";

export interface Visit {
  lang?: "ko-KR" | "en-US";
  scheme?: "light" | "dark";
  width?: number;
  height?: number;
  /** Messages of the console that this visit may cause. */
  allowed?: RegExp;
}

export interface WebBrowser {
  /** Opens a view and waits until it is shown; throws afterwards with what the console told. */
  visit(path: string, use: (page: Page) => Promise<void>, visit?: Visit): Promise<void>;
  close(): Promise<void>;
}

const SHOTS = ".cache/web-failures";
/** Of each wait, on a machine that is busy elsewhere. */
const LIMIT_MS = 110_000;

export async function openBrowser(url: () => string): Promise<WebBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
    timeout: LIMIT_MS,
  });
  return {
    visit: async (
      path,
      use,
      { lang = "ko-KR", scheme = "light", width = 1280, height = 800, allowed } = {},
    ) => {
      const context = await browser.newContext({
        viewport: { width, height },
        locale: lang,
        colorScheme: scheme,
        baseURL: url(),
        permissions: ["clipboard-read", "clipboard-write"],
      });
      const page = await context.newPage();
      page.setDefaultTimeout(LIMIT_MS);
      const told: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") told.push(message.text());
      });
      page.on("pageerror", (error) => told.push(String(error)));
      page.on("dialog", (dialog) => told.push(`a dialog: ${dialog.message()}`));
      page.on("request", (request) => {
        const address = request.url();
        if (!address.startsWith(url()) && !/^(blob|data):/.test(address))
          told.push(`a request to ${address}`);
      });
      try {
        await page.goto(path);
        await shown(page);
        await use(page);
      } catch (error) {
        await mkdir(SHOTS, { recursive: true });
        await page
          .screenshot({ path: join(SHOTS, `${path.replace(/\W+/g, "-").slice(0, 60)}.png`) })
          .catch(() => {});
        throw new Error(`${error instanceof Error ? error.message : error}\nconsole: ${told.join("\n")}`);
      } finally {
        await context.close();
      }
      expect(told.filter((text) => allowed === undefined || !allowed.test(text))).toEqual([]);
    },
    close: () => browser.close(),
  };
}

/** What a view has to show is there. */
export async function shown(page: Page): Promise<void> {
  await page.locator("[data-shown]").first().waitFor({ state: "attached" });
}

/** What a page has put into the clipboard, once it is something: it comes there a moment after the click. */
export async function copied(page: Page, isIt: (text: string) => boolean): Promise<string> {
  let text = "";
  await until(async () => {
    text = (await page.evaluate("navigator.clipboard.readText()")) as string;
    return isIt(text);
  });
  return text;
}

const AXE = readFile(require.resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds: each rule with the first element that breaks it. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(await AXE);
  const found =
    (await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ": " + nodes.length + " x " + nodes[0].html.slice(0, 160) + " " + nodes[0].failureSummary.slice(0, 300)))`)) as string[];
  return found;
}

/** Links and buttons of the head that are not seen whole. */
export async function cutLinks(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll(".head a, .head button")].filter((link) => {
    const { left, right, width } = link.getBoundingClientRect();
    const within = link.closest("nav")?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
    return !link.matches(".skip") && (width === 0 || left < within.left || right > within.right + 0.5);
  }).map((link) => link.textContent)`) as Promise<string[]>;
}

/** How far the view is wider than the screen, px. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - innerWidth") as Promise<number>;
}
