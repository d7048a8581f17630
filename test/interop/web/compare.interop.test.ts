import { expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import { until } from "../../server/server-kit.ts";
import { axeFindings } from "./web-browser.ts";
import { useWebLake } from "./web-kit.ts";
import { nameOf, wordsOf } from "./web-lake.ts";

setDefaultTimeout(120_000);

const { browser } = useWebLake();

test("the next difference is chosen on the next page too, and the one before on the page before", async () => {
  const path = `/ui/compare/hub/${encodeURIComponent("영수증")}/words?a=v1&b=v2`;
  await browser.visit(path, async (page) => {
    const list = page.locator(".list");
    const chosen = list.getByRole("option", { selected: true });
    const seen = async (number: number, place: number) => {
      await page.getByText(nameOf(number)).waitFor();
      await chosen.waitFor();
      expect(await chosen.getAttribute("aria-posinset")).toBe(String(place));
    };
    await list.getByRole("option").nth(3).click();
    await page.keyboard.press("n");
    await seen(2, 1);
    await page.keyboard.press("p");
    await seen(1, 4);
    // Whoever only turns the page chooses nothing on it.
    await page.keyboard.press("j");
    await page.getByText(nameOf(2)).waitFor();
    expect(await chosen.count()).toBe(0);
  });
});

test("from a page to its comparison, and on to the next page that differs", async () => {
  await browser.visit(
    `/ui/browse?datasets=${encodeURIComponent("영수증")}&tasks=words&variants=v1`,
    async (page) => {
      await page.getByRole("link", { name: new RegExp(nameOf(3)) }).click();
      await page.locator("[data-key][data-shown]").waitFor();
      // There are two other variants: more than the head has room for.
      await page.getByText("비교 (2)").click();
      expect(await axeFindings(page)).toEqual([]);
      await page.locator(".page-head").getByRole("link", { name: "비교: v2" }).click();
      await page.getByText("다른 30쪽 중 3").waitFor();
      expect(new URL(page.url()).searchParams.has("page")).toBe(true);
      await page.keyboard.press("j");
      await page.getByText(nameOf(4)).waitFor();
      expect(new URL(page.url()).searchParams.has("page")).toBe(false);
    },
  );
});

test("what is chosen is seen whole: its line is around it", async () => {
  const look = async (page: Page) => {
    await page.locator(".compared[data-shown]").waitFor();
    await page.keyboard.press("n");
    await page.locator(".list").getByRole("option", { selected: true }).waitFor();
    // The bar on the page has a tint of the colour, up to its left edge; the line would be the colour itself.
    const seen = `(() => {
      const canvas = document.querySelector("canvas");
      const { width, height } = canvas;
      const scale = Math.min((width - 24) / 620, (height - 24) / 877);
      const [left, top] = [(width - 620 * scale) / 2, (height - 877 * scale) / 2];
      const { bbox: [x1, y1, x2, y2] } = ${JSON.stringify(wordsOf(1)[3])};
      const at = (x, y) => [...canvas.getContext("2d").getImageData(left + x * scale, top + y * scale, 1, 1).data];
      return [at((x1 + x2) / 2, (y1 + y2) / 2), at(x1 + 1 / scale, (y1 + y2) / 2)];
    })()`;
    await until(async () => {
      const [middle, edge] = (await page.evaluate(seen)) as [number[], number[]];
      const tint = ([red = 0, , blue = 0]: number[]) => red - blue;
      return tint(middle) > 8 && tint(edge) < 80;
    });
  };
  const path = `/ui/compare/hub/${encodeURIComponent("영수증")}/words?a=v1&b=v2`;
  await browser.visit(path, look, { allowed: /willReadFrequently/ });
});

/** Presses a key in the moment in which the differences are listed, before they are painted. */
const PRESS = `new MutationObserver((_, observer) => {
  if (document.querySelector(".compared [role=option]") === null) return;
  observer.disconnect();
  dispatchEvent(new KeyboardEvent("keydown", { key: "n" }));
}).observe(document, { subtree: true, childList: true, attributes: true });`;

test("a key that comes as soon as differences are there is not lost", async () => {
  const path = `/ui/compare/hub/${encodeURIComponent("영수증")}/words?a=v1&b=v2`;
  await browser.visit("/ui/datasets", async (page) => {
    await page.addInitScript(PRESS);
    await page.goto(path);
    const chosen = page.locator(".list").getByRole("option", { selected: true });
    await chosen.waitFor();
    expect(await chosen.getAttribute("aria-posinset")).toBe("1");
  });
});
