/** Makes the demo's input: page images with their labels, and a Parquet file of pages with the image bytes inside. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import sharp from "sharp";

const PAGE = { width: 620, height: 877 };
const WORDS = ["영수증", "합계", "부가세", "카드", "total", "날짜", "감사합니다", "품목"];
const folder = process.argv[2] as string;

const scans = join(folder, "scans");
const forms = join(folder, "forms");
await mkdir(scans, { recursive: true });
await mkdir(forms, { recursive: true });

const labels: string[] = [];
for (let page = 1; page <= 24; page++) {
  const name = `쪽-${String(page).padStart(3, "0")}.${page % 3 === 0 ? "png" : "jpg"}`;
  const words = wordsOf(page);
  await drawPage(words).toFile(join(scans, name));
  labels.push(JSON.stringify({ source_name: name, label: { words } }));
}
await writeFile(join(folder, "labels.jsonl"), `${labels.join("\n")}\n`);

for (let page = 1; page <= 12; page++) {
  await drawPage(wordsOf(page + 100)).toFile(join(forms, `form-${page}.jpg`));
}
await writeParquet(join(forms, "*.jpg"), join(folder, "forms.parquet"));

interface Word {
  text: string;
  bbox: [left: number, top: number, right: number, bottom: number];
}

/** Words at places that differ from page to page. */
function wordsOf(page: number): Word[] {
  return Array.from({ length: 12 }, (_, line) => {
    const text = WORDS[(page * 5 + line * 3) % WORDS.length] as string;
    const left = 40 + ((page * 37 + line * 53) % 200);
    const top = 60 + line * 64;
    return { text, bbox: [left, top, left + 28 * text.length, top + 22] };
  });
}

/** A white page with a dark bar where a word stands: the demo needs no font. */
function drawPage(words: Word[]): sharp.Sharp {
  const bars = words.map(({ bbox: [left, top, right, bottom] }) => ({
    input: {
      create: { width: right - left, height: bottom - top, channels: 3 as const, background: "#222" },
    },
    left,
    top,
  }));
  return sharp({ create: { ...PAGE, channels: 3, background: "#fff" } }).composite(bars);
}

/** One row a file, in the shape of a Hugging Face image column: struct<bytes, path>. */
async function writeParquet(files: string, output: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const image = "{'bytes': content, 'path': parse_filename(filename)}";
  await connection.run(
    `COPY (SELECT ${image} AS image, row_number() OVER () AS form FROM read_blob('${files}')) TO '${output}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
}
