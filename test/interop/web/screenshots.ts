/** Takes the pictures of the manual anew: `bun test/interop/web/screenshots.ts [NAME...]`. Look at them before they are committed. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { pdfOf } from "../../documents/write-pdf.ts";
import { makeWorld } from "../../jobs/staging-kit.ts";
import { startServe } from "../../server/server-kit.ts";
import { createProgram } from "../program.ts";
import { openBrowser, type Visit } from "./web-browser.ts";

const FOLDER = "src/docs/images";
const PAGES = 150;
const [WIDTH, HEIGHT] = [620, 877];
const VIEW = { items: "$.words", box: "bbox", form: "xyxy", text: "text", category: "category" };
const ITEMS = [
  "아메리카노",
  "카페라떼",
  "치즈케이크",
  "합계",
  "부가세",
  "카드결제",
  "현금영수증",
  "감사합니다",
];

interface Word {
  text: string;
  bbox: [left: number, top: number, right: number, bottom: number];
  category: string;
}

const nameOf = (page: number) => `영수증-${String(page).padStart(3, "0")}.jpg`;

function wordsOf(page: number): Word[] {
  const head: Word = { text: `영수증 ${page}호`, bbox: [235, 40, 385, 70], category: "title" };
  const lines = Array.from({ length: 14 }, (_, line): Word[] => {
    const top = 110 + line * 50;
    const text = ITEMS[(page * 3 + line) % ITEMS.length] as string;
    const price = `${(((page * 37 + line * 113) % 90) + 10) * 100}원`;
    return [
      { text, bbox: [60, top, 62 + text.length * 22, top + 26], category: "item" },
      { text: price, bbox: [440, top, 442 + price.length * 15, top + 26], category: "price" },
    ];
  });
  return [head, ...lines.flat()];
}

/** As a second person labels: a word missing, one read differently, one of another category. */
function otherWordsOf(page: number): Word[] {
  return wordsOf(page).flatMap((word, at) => {
    if (at === 5 + (page % 3)) return [];
    if (at === 9) return [{ ...word, text: `${word.text}.` }];
    return at === 14 ? [{ ...word, category: "total" }] : [word];
  });
}

function draw(page: number) {
  const texts = wordsOf(page).map(
    ({ text, bbox: [left, top] }) => `<text x="${left}" y="${top + 21}" font-size="22">${text}</text>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"><rect width="100%" height="100%" fill="#fff"/><g font-family="NanumGothic">${texts.join("")}</g></svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 92 });
}

const world = await makeWorld();
const { run } = createProgram(world.folder);
const scans = join(world.folder, "scans");
await mkdir(scans);
for (let page = 1; page <= PAGES; page++) await draw(page).toFile(join(scans, nameOf(page)));
// Three pages that were cut off on their way.
for (const page of [5, 40, 77]) {
  const bytes = await draw(page).toBuffer();
  await writeFile(join(scans, nameOf(page + 200)), bytes.subarray(0, bytes.length * (0.3 + page / 200)));
}
// A PDF whose second page holds such an image.
const cut = (await draw(90).toBuffer()).subarray(0, 30_000);
const whole = await draw(91).toBuffer();
const scan = { content: "q 300 0 0 424 0 0 cm /I Do Q", box: [0, 0, 300, 424] as const };
const image = (data: Buffer) => ({
  dictionary: `/Type/XObject/Subtype/Image/Width ${WIDTH}/Height ${HEIGHT}/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode`,
  data,
});
const pages = [whole, cut].map((_, at) => ({ ...scan, resources: `/XObject<</I @${at}>>` }));
await writeFile(join(scans, "보고서.pdf"), pdfOf(pages, [whole, cut].map(image)));
const file = async (name: string, text: string) => {
  await writeFile(join(world.folder, name), text);
  return join(world.folder, name);
};
const labels = (name: string, words: (page: number) => Word[]) =>
  file(
    `${name}.jsonl`,
    Array.from({ length: PAGES }, (_, at) =>
      JSON.stringify({ source_name: nameOf(at + 1), label: { words: words(at + 1) } }),
    ).join("\n"),
  );
await run("config", "task", "edit", "ocr", "--view", await file("view.json", JSON.stringify(VIEW)));
const to = ["--provider", "hub", "--dataset", "영수증"];
await run("upload", scans, "--type", "raw", ...to, "--license", "CC-BY-4.0", "--max-rejects", "10%");
const task = ["--type", "task", ...to, "--task", "ocr", "--meta", "lang=ko"];
await run("upload", await labels("v1", wordsOf), ...task, "--variant", "v1");
await run("upload", await labels("v2", otherWordsOf), ...task, "--variant", "v2");
const contracts = await file("계약.jsonl", JSON.stringify({ text: "제1조 목적" }));
await run("upload", contracts, "--type", "raw", "--provider", "hub", "--dataset", "계약서");
await run("process", "start", "--wait").catch(() => {}); // rows are rejected
await run("assets", "verify", "--hash");
await run("run", "doctor");

const server = await startServe(world);
const browser = await openBrowser(() => server.url);
const English = { lang: "en-US" as const };

const wanted = process.argv.slice(2);

async function shoot(
  name: string,
  path: string,
  prepare: (page: Page) => Promise<void>,
  lang: Visit = English,
) {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const take = async (page: Page) => {
    await prepare(page);
    await page.waitForLoadState("networkidle");
    const png = await page.screenshot();
    await sharp(png)
      .resize(1000)
      .webp({ quality: 80, effort: 6 })
      .toFile(join(FOLDER, `${name}.webp`));
  };
  await browser.visit(path, take, { ...lang, allowed: /./ });
}

const none = async () => {};
try {
  await shoot("datasets", "/ui/datasets", none);
  // It counts labels, which Browse then filters by.
  await shoot("statistics", "/ui/statistics?tasks=ocr", async (page) => {
    await page.locator(".chart", { hasText: "Rows by category" }).waitFor();
  });
  const found = `datasets=${encodeURIComponent("영수증")}&tasks=ocr&text=${encodeURIComponent("카페라떼 합계")}&each_word=true`;
  await shoot("browse", `/ui/browse?${found}`, async (page) => {
    await page.locator(".hit-boxes rect").first().waitFor();
  });
  const openPage = async (page: Page) => {
    await page.locator(".grid-cell a").nth(1).click();
    await page.locator("[data-key][data-shown]").waitFor();
    await page.keyboard.press("n");
    await page.waitForURL(/region=/);
  };
  await shoot("page", `/ui/browse?${found}&variants=v1`, async (page) => {
    await openPage(page);
    await page.getByRole("tab", { name: "Label JSON" }).click();
    await page.locator(".json-lines mark").first().waitFor();
  });
  await shoot("page-ko", `/ui/browse?${found}&variants=v1`, openPage, { lang: "ko-KR" });
  await shoot("compare", `/ui/compare/hub/${encodeURIComponent("영수증")}/ocr?a=v1&b=v2`, async (page) => {
    await page.locator(".compared[data-shown]").waitFor();
    await page.keyboard.press("n");
  });
  await shoot("take", `/ui/browse?${found}&variants=v1`, async (page) => {
    for (const at of [0, 3])
      await page
        .locator(".grid-cell")
        .nth(at)
        .getByRole("link")
        .click({ modifiers: ["Shift"] });
    await page.getByRole("button", { name: "Take selected rows" }).click();
    await page.getByRole("dialog").getByLabel("Format").selectOption("ms-swift");
  });
  await shoot("work", "/ui/work", async (page) => {
    await page.locator("tr", { hasText: "raw/image" }).getByRole("button", { name: "Rejected rows" }).click();
    await page.getByRole("dialog").getByRole("img").nth(3).waitFor();
  });
  await shoot("operations", "/ui/operations", none);
} finally {
  await browser.close();
  await server.stop();
  await rm(world.folder, { recursive: true, force: true });
}
