import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { axeFindings, overflow, type Visit } from "./web-browser.ts";
import { useWebLake } from "./web-kit.ts";

setDefaultTimeout(120_000);

const { server, browser } = useWebLake();
let pageKey: string;

beforeAll(async () => {
  const rows = await fetch(`${server.url}/rows?tasks=words&variants=v1&count=1`);
  pageKey = ((await rows.json()) as { rows: { key: string }[] }).rows[0]?.key as string;
});

const RECEIPTS = encodeURIComponent("영수증");
const SCREENS: [name: string, path: () => string, ko: string, en: string][] = [
  ["Datasets", () => "/", "데이터셋", "Datasets"],
  ["Browse", () => `/ui/browse?datasets=${RECEIPTS}&tasks=words`, "63행", "63 rows"],
  [
    "Browse with filters and an order",
    () => `/ui/browse?tasks=words&where=label.category=item&where=image.pixels=..1000000&sort=-label.regions`,
    "필터 모두 해제",
    "Clear filters",
  ],
  [
    "Page",
    () => `/ui/page/${pageKey}?tasks=words&at=0&region=2&show=image,boxes,texts,order`,
    "영수증-001.jpg",
    "영수증-001.jpg",
  ],
  [
    "Compare",
    () => `/ui/compare/hub/${RECEIPTS}/words?a=v1&b=v2`,
    "30쪽 중 30쪽이 다름",
    "30 of 30 pages differ",
  ],
  ["the choice of what to compare", () => "/ui/compare", "두 배리언트 비교", "Compare two variants"],
  ["Statistics", () => "/ui/statistics?tasks=words", "영역 수별 행 수", "Rows by regions"],
  ["Work", () => "/ui/work", "새 업로드", "New upload"],
  ["Operations", () => "/ui/operations", "카탈로그", "Catalog"],
  ["a view that does not exist", () => "/ui/nothing", "그런 화면이 없습니다", "There is no such view"],
];
const VISITS: [string, Visit, "ko" | "en"][] = [
  ["wide, in Korean, light", { lang: "ko-KR" }, "ko"],
  ["narrow, in English, dark", { lang: "en-US", scheme: "dark", width: 390, height: 844 }, "en"],
];

for (const [how, visit, language] of VISITS) {
  describe(how, () => {
    for (const [name, path, ko, en] of SCREENS) {
      test(`${name} is shown, fits, and is accessible`, async () => {
        await browser.visit(
          path(),
          async (page) => {
            await page
              .getByText(language === "ko" ? ko : en)
              .first()
              .waitFor();
            expect(await page.locator("html").getAttribute("lang")).toBe(language);
            expect(await overflow(page)).toBeLessThanOrEqual(0);
            expect(await axeFindings(page)).toEqual([]);
          },
          visit,
        );
      });
    }
  });
}

test("language and theme are switched by hand, and remembered", async () => {
  await browser.visit("/ui/datasets", async (page) => {
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor") as Promise<string>;
    const light = await ground();
    await page.getByLabel("언어").selectOption("en");
    await page.getByRole("heading", { name: "Datasets" }).waitFor();
    await page.getByLabel("Theme").selectOption("dark");
    const dark = await ground();
    expect(dark).not.toBe(light);
    expect(await axeFindings(page)).toEqual([]);
    await page.reload();
    await page.getByRole("heading", { name: "Datasets" }).waitFor();
    expect(await ground()).toBe(dark);
  });
});
