import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../../server/server-kit.ts";
import { axeFindings, cutLinks, overflow, type Visit } from "./web-browser.ts";
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
    () =>
      `/ui/page/${pageKey}?tasks=words&text=${encodeURIComponent("카페라떼")}&at=0&region=2&show=image,boxes,texts,order`,
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
            expect(await cutLinks(page)).toEqual([]);
            expect(await axeFindings(page)).toEqual([]);
          },
          visit,
        );
      });
    }
  });
}

test("every screen is as wide as the window", async () => {
  for (const [name, path, , en] of SCREENS.filter(([, one]) => one() !== "/ui/nothing")) {
    await browser.visit(
      path(),
      async (page) => {
        await page.getByText(en).first().waitFor();
        const widths = await page.evaluate(`[innerWidth, document.querySelector("main > *").offsetWidth]`);
        expect({ name, widths }).toEqual({ name, widths: [1900, 1900] });
      },
      { lang: "en-US", width: 1900, height: 1000 },
    );
  }
});

test.each(VISITS)("the manual is shown, fits, and is accessible, %s", async (_, visit, language) => {
  const prefix = language === "ko" ? "/ui/manual/ko" : "/ui/manual";
  await browser.visit(
    `${prefix}/page`,
    async (page) => {
      const [heading, section] =
        language === "ko" ? ["브라우저에서 보는 페이지", "찾아보기"] : ["The page in the browser", "Browse"];
      await page.getByRole("heading", { name: heading }).waitFor();
      const images = "[...document.images].every((image) => image.complete && image.naturalWidth > 0)";
      await page.waitForFunction(images);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(await cutLinks(page)).toEqual([]);
      expect(await axeFindings(page)).toEqual([]);
      await page.getByRole("navigation").getByRole("link", { name: section, exact: true }).click();
      await page.waitForURL((url) => decodeURIComponent(url.hash) === `#${section.toLowerCase()}`);
      await page
        .locator("main")
        .getByRole("link", { name: "download" })
        .or(page.locator("main").getByRole("link", { name: "내려받기" }))
        .first()
        .click();
      const engineer = language === "ko" ? "학습 엔지니어용" : "For the training engineer";
      await page.getByRole("heading", { name: engineer }).waitFor();
      expect(new URL(page.url()).pathname).toBe(`${prefix}/engineer`);
      expect(await axeFindings(page)).toEqual([]);
    },
    visit,
  );
});

test("the manual opens in the language of the page, and has its theme", async () => {
  await browser.visit("/ui/datasets", async (page) => {
    await page.getByLabel("테마").selectOption("dark");
    const opened = page.context().waitForEvent("page");
    await page.getByRole("link", { name: "매뉴얼" }).click();
    const manual = await opened;
    await manual.getByRole("heading", { name: "두 가지 명령" }).waitFor();
    await manual.locator('html[data-theme="dark"]').waitFor();
  });
});

test("language and theme are switched by hand, and remembered", async () => {
  await browser.visit("/ui/datasets", async (page) => {
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor") as Promise<string>;
    const light = await ground();
    await page.getByLabel("언어").selectOption("en");
    await page.getByRole("heading", { name: "Datasets" }).waitFor();
    await page.getByLabel("Theme").selectOption("dark");
    await until(async () => (await ground()) !== light);
    const dark = await ground();
    expect(await axeFindings(page)).toEqual([]);
    await page.reload();
    await page.getByRole("heading", { name: "Datasets" }).waitFor();
    await until(async () => (await ground()) === dark);
  });
});
