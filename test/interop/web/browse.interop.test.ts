import { expect, setDefaultTimeout, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { until } from "../../server/server-kit.ts";
import { axeFindings } from "./web-browser.ts";
import { useWebLake } from "./web-kit.ts";

setDefaultTimeout(120_000);

const { browser } = useWebLake();

/** Notes what the page waits for. */
const WATCH = `
  window.waits = [];
  const wait = window.setTimeout;
  window.setTimeout = (work, ms, ...rest) => {
    waits.push(ms ?? 0);
    return wait(work, ms, ...rest);
  };
`;

test("hits of a search are marked as soon as its rows are there", async () => {
  await browser.visit("/ui/browse?tasks=words", async (page) => {
    await page.addInitScript(WATCH);
    await page.goto(`/ui/browse?tasks=words&text=${encodeURIComponent("유일한낱말")}`);
    await page.locator(".hit-boxes rect").first().waitFor();
    expect(Math.max(...((await page.evaluate("waits")) as number[]))).toBeLessThan(150);
  });
});

/** Waits until it has the focus, which comes when the page is drawn. */
function focused(one: Locator): Promise<void> {
  return until(() => one.evaluate((element) => element === element.ownerDocument.activeElement));
}

test("by keys alone: a search, its rows, another search", async () => {
  await browser.visit("/ui/browse?tasks=words&variants=v1", async (page) => {
    const search = page.getByRole("searchbox", { name: "텍스트 찾기" });
    await page.keyboard.press("/");
    await page.keyboard.type("유일한낱말");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "1행" }).waitFor();
    await focused(search);
    await page.locator(".grid-cell a").waitFor();
    await page.keyboard.press("ArrowDown");
    await focused(page.locator(".grid-cell a"));
    await page.keyboard.press("/");
    await focused(search);
    // Another address shows its own text.
    await page.keyboard.type("그리고");
    await page.goBack();
    await page.locator(".grid-cell a").nth(5).waitFor();
    expect(await search.inputValue()).toBe("");
    await page.goForward();
    await page.getByRole("heading", { name: "1행" }).waitFor();
    expect(await search.inputValue()).toBe("유일한낱말");
  });
});

test("what is taken is chosen at once by keys, in fields that stand in line", async () => {
  const take = async (page: Page) => {
    await page.getByRole("button", { name: "Take these rows" }).focus();
    await page.keyboard.press("Enter");
    const format = page.getByRole("dialog").getByLabel("Format");
    await focused(format);
    const [one, other] = [
      await format.boundingBox(),
      await page.getByRole("dialog").getByLabel("Name of the output").boundingBox(),
    ];
    expect([other?.y, other?.height]).toEqual([one?.y, one?.height]);
  };
  await browser.visit("/ui/browse?tasks=words", take, { lang: "en-US", scheme: "dark" });
});

test("a link to a dataset that is no more leads to the rows that there are", async () => {
  const look = async (page: Page) => {
    await page.getByRole("heading", { name: "No row fits" }).waitFor();
    await page.getByRole("link", { name: "All rows of the lake" }).click();
    await page.locator(".grid-cell a").first().waitFor();
  };
  for (const screen of ["browse", "statistics"])
    await browser.visit(`/ui/${screen}?datasets=gone`, look, { lang: "en-US", allowed: /404/ });
});

test("the box to tick a row hides nothing of its picture and of its name", async () => {
  for (const width of [1280, 390]) {
    await browser.visit(
      "/ui/browse?tasks=words",
      async (page) => {
        const cell = page.locator(".cell").first();
        const box = await cell.getByRole("checkbox").boundingBox();
        for (const part of [".thumb", ".name bdi", "a > .quiet"]) {
          const other = await cell.locator(part).boundingBox();
          if (box === null || other === null) throw new Error(`there is no ${part}`);
          const padding = part === "a > .quiet" ? 28 : 0;
          const isApart = box.y >= other.y + other.height || box.x + box.width <= other.x + padding;
          expect({ width, part, isApart }).toEqual({ width, part, isApart: true });
        }
        await cell.getByRole("checkbox").check();
        expect(await axeFindings(page)).toEqual([]);
      },
      { width, height: 844 },
    );
  }
});

test("where the system chooses the colours, what is marked and switched on is seen", async () => {
  await browser.visit(
    `/ui/browse?tasks=words&variants=v1&text=${encodeURIComponent("유일한낱말")}`,
    async (page) => {
      await page.emulateMedia({ forcedColors: "active" });
      await page.locator(".grid-cell a").first().click();
      await page.locator("[data-key][data-shown]").waitFor();
      const coloursOf = (selector: string) =>
        page.evaluate(`(({ backgroundColor, color }) => [backgroundColor, color])(
          getComputedStyle(document.querySelector('${selector}')))`) as Promise<string[]>;
      const [ground, text] = await coloursOf(".hits mark");
      expect(ground).not.toBe(text);
      const boxes = page.getByRole("button", { name: "상자" });
      const on = await coloursOf("button[aria-pressed=true]");
      await boxes.click();
      expect(await boxes.getAttribute("aria-pressed")).toBe("false");
      expect(await coloursOf("button[aria-pressed=false]")).not.toEqual(on);
    },
  );
});
