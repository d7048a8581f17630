import { expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { until } from "../../server/server-kit.ts";
import { useWebLake } from "./web-kit.ts";

setDefaultTimeout(120_000);

const { browser } = useWebLake();

/** Notes how wide the images are that are drawn, and which ones the page's own thread makes smaller. */
const WATCH = `
  window.drawn = [];
  window.resized = [];
  const { drawImage } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.drawImage = function (image, ...rest) {
    drawn.push(image.width);
    return drawImage.call(this, image, ...rest);
  };
  const make = window.createImageBitmap;
  window.createImageBitmap = (...given) => {
    if (given.length > 1) resized.push(given[1]);
    return make(...given);
  };
`;

test("a scan is drawn as small as it is seen, and is not made smaller on the thread that draws", async () => {
  const scan = sharp({ create: { width: 2480, height: 3508, channels: 3, background: "#fdfdf8" } });
  const body = await scan.jpeg().toBuffer();
  await browser.visit(`/ui/browse?datasets=${encodeURIComponent("영수증")}&tasks=words`, async (page) => {
    await page.addInitScript(WATCH);
    await page.route("**/assets/provider*/**", (route) => route.fulfill({ body, contentType: "image/jpeg" }));
    await page.goto((await page.locator(".grid-cell a").first().getAttribute("href")) as string);
    await until(() => page.evaluate("drawn.at(-1) === 620"));
    expect(await page.evaluate("[...new Set(drawn)]")).toContain(2480);
    expect(await page.evaluate("resized")).toEqual([]);
    // Nearer, it is drawn of a larger one again.
    await page.locator("canvas").focus();
    for (let step = 0; step < 4; step++) await page.keyboard.press("+");
    await until(() => page.evaluate("drawn.at(-1) === 1240"));
  });
});

test("a region is shown so large that it can be read, but for who clicks it", async () => {
  const path = `/ui/browse?datasets=${encodeURIComponent("영수증")}&tasks=words&variants=v1`;
  const onScreen = async (page: Page) => {
    await page.locator(".grid-cell a").first().click();
    await page.locator("[data-key][data-shown]").waitFor();
    const canvas = page.locator("canvas");
    const scale = async () => Number.parseInt((await page.locator(".zoom output").textContent()) ?? "", 10);
    const whole = await scale();
    const { width, height } = (await canvas.boundingBox()) as { width: number; height: number };
    await canvas.click({
      position: { x: width / 2 - 240 * (whole / 100), y: height / 2 - 348 * (whole / 100) },
    });
    await page.waitForURL(/region=0/);
    expect(await scale()).toBe(whole);
    await page.locator(".list").getByRole("option").nth(2).click();
    await page.waitForURL(/region=2/);
    await until(async () => (await scale()) > 2 * whole);
  };
  await browser.visit(path, onScreen, { width: 390, height: 500 });
});

/** Notes where circles are drawn: the rim of the magnifier. */
const WATCH_LENS = `
  window.lenses = [];
  const { arc } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.arc = function (x, y, ...rest) {
    lenses.push([x, y]);
    return arc.call(this, x, y, ...rest);
  };
`;

test("the magnifier is on the region that keys chose, and under the pointer where there is one", async () => {
  const path = `/ui/browse?datasets=${encodeURIComponent("영수증")}&tasks=words&variants=v1`;
  await browser.visit(path, async (page) => {
    await page.addInitScript(WATCH_LENS);
    await page.goto((await page.locator(".grid-cell a").first().getAttribute("href")) as string);
    await page.locator("[data-key][data-shown]").waitFor();
    await page.keyboard.press("m");
    await page.getByRole("listbox").focus();
    await page.keyboard.press("Home");
    await until(() => page.evaluate("lenses.length > 0"));
    const first = await page.evaluate("lenses.at(-1)");
    await page.keyboard.press("ArrowDown");
    await until(() => page.evaluate(`lenses.at(-1)[1] > ${(first as number[])[1]}`));
    await page.locator("canvas").hover({ position: { x: 33, y: 44 } });
    await until(() => page.evaluate("Math.hypot(lenses.at(-1)[0] - 33, lenses.at(-1)[1] - 44) < 2"));
  });
});
