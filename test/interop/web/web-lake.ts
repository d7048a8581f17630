/** A lake to look at: receipts in Korean, two label sets that differ, and what is odd. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type OverlayOptions, type Sharp } from "sharp";
import { openDatabase } from "../../../src/query/database.ts";
import { commit, refresh } from "../../catalog/lakes.ts";
import { makeWorld, type World } from "../../jobs/staging-kit.ts";
import { createProgram } from "../program.ts";

export const PAGES = 30;
const SIZE = { width: 620, height: 877 };
const VIEW = { items: "$.words", box: "bbox", form: "xyxy", text: "text", category: "category" };

export interface Word {
  text: string;
  bbox: [x1: number, y1: number, x2: number, y2: number];
  category: string;
}

/** Texts that become something else where a page makes markup, an address or a script of them. */
export const HOSTILE = [
  "<img src=x onerror=window.pwned=1>",
  '"><script>window.pwned=2</script>',
  "javascript:window.pwned=3",
  "<svg/onload=window.pwned=4>",
  "{{constructor.constructor('window.pwned=5')()}}",
  "' onmouseover='window.pwned=6",
  "\u202Etxt.exe\u202C <b>굵게</b> &lt;i&gt;",
];

/** Uploads and processes all of it. */
export async function makeWebLake(): Promise<World> {
  const world = await makeWorld();
  const { folder } = world;
  const { run } = createProgram(folder);
  await run(
    "config",
    "task",
    "create",
    "words",
    "--view",
    await fileOf(folder, "view.json", JSON.stringify(VIEW)),
  );
  await run("config", "task", "create", "unknown");
  const scans = join(folder, "scans");
  await mkdir(scans);
  for (let page = 1; page <= PAGES; page++) {
    await draw(page, wordsOf(page))
      .jpeg()
      .toFile(join(scans, nameOf(page)));
  }
  await draw(99, []).tiff().toFile(join(scans, "스캔.tiff"));
  const receipts = ["--provider", "hub", "--dataset", "영수증"];
  await run("upload", scans, "--type", "raw", ...receipts, "--images", "preserve");
  const labels = ["--type", "task", ...receipts, "--task", "words"];
  await run("upload", await labelFile(folder, "v1", wordsOf), ...labels, "--variant", "v1");
  await run("upload", await labelFile(folder, "v2", changedWordsOf), ...labels, "--variant", "v2");
  await run("upload", await labelFile(folder, "odd", oddWordsOf, 3), ...labels, "--variant", "odd");
  const unknown = await fileOf(
    folder,
    "unknown.jsonl",
    [
      { source_name: nameOf(1), label: { odd: [1, 2, 3], note: HOSTILE[0] } },
      {
        source_name: nameOf(2),
        label: { fields: wordsOf(2).map(({ text: value, bbox }) => ({ value, bbox })) },
      },
    ]
      .map((row) => JSON.stringify(row))
      .join("\n"),
  );
  await run("upload", unknown, "--type", "task", ...receipts, "--task", "unknown", "--variant", "v1");
  await run("process", "start", "--wait");
  await addLongPartition(world);
  return world;
}

export const LONG_ROWS = 200_000;

/** Many rows without images: to jump in. */
async function addLongPartition({ folder, lake, settings }: World): Promise<void> {
  const database = await openDatabase({ scratch: join(folder, "scratch"), threads: 2 });
  try {
    const select = `SELECT range AS source_row, 'row-' || range AS source_name, 'u${"0".repeat(32)}' AS upload_id FROM range(${LONG_ROWS})`;
    const bench = { folder, lake, settings, database };
    await commit(bench, "create", select, { provider: "hub", dataset: "long", task: "raw", variant: "text" });
    await refresh(bench);
  } finally {
    database.close();
  }
}

export function nameOf(page: number): string {
  return `영수증-${String(page).padStart(3, "0")}.jpg`;
}

const ITEMS = ["아메리카노", "카페라떼", "합계", "부가세", "카드결제", "감사합니다", "현금영수증"];

export function wordsOf(page: number): Word[] {
  return Array.from({ length: 12 }, (_, line) => {
    const text =
      page === 7 && line === 3 ? "유일한낱말" : (ITEMS[(page + line * 3) % ITEMS.length] as string);
    const [x, y] = [60 + ((line * 37) % 120), 80 + line * 60];
    return { text, bbox: [x, y, x + text.length * 24, y + 30], category: line < 2 ? "head" : "item" };
  });
}

/** One word missing, one with a letter more, one of another category, one new. */
function changedWordsOf(page: number): Word[] {
  const words = wordsOf(page).filter((_, line) => line !== 5);
  const [first, second] = [words[3] as Word, words[8] as Word];
  words[3] = { ...first, text: `${first.text}!` };
  words[8] = { ...second, category: "total" };
  return [...words, { text: "새 낱말", bbox: [400, 820, 500, 850], category: "item" }];
}

/** Of page 1 hostile texts, of page 2 more words than a page shows, of page 3 none. */
function oddWordsOf(page: number): Word[] {
  if (page === 1) {
    return HOSTILE.map((text, line) => ({
      text,
      bbox: [40, 40 + line * 60, 560, 80 + line * 60],
      category: text,
    }));
  }
  if (page === 3) return [];
  return Array.from({ length: 5000 }, (_, at) => {
    const [x, y] = [5 + (at % 50) * 12, 5 + Math.floor(at / 50) * 8];
    return { text: `낱말 ${at}`, bbox: [x, y, x + 10, y + 6], category: `종류 ${at % 30}` };
  });
}

async function labelFile(folder: string, name: string, words: (page: number) => Word[], pages = PAGES) {
  const lines = Array.from({ length: pages }, (_, at) =>
    JSON.stringify({ source_name: nameOf(at + 1), label: { words: words(at + 1) } }),
  );
  return fileOf(folder, `${name}.jsonl`, lines.join("\n"));
}

async function fileOf(folder: string, name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** A dark bar where a word stands; pages differ by a bar of their own. */
function draw(page: number, words: readonly Word[]): Sharp {
  const bars = words.map(({ bbox: [left, top, right, bottom] }) =>
    bar(left, top, right - left, bottom - top),
  );
  return sharp({ create: { ...SIZE, channels: 3, background: "#fff" } }).composite([
    ...bars,
    bar(10, 10, 10 + page * 5, 8),
  ]);
}

function bar(left: number, top: number, width: number, height: number): OverlayOptions {
  return { input: { create: { width, height, channels: 3, background: "#666" } }, left, top };
}
