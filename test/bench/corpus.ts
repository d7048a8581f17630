import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import sharp from "sharp";

/** A4 at 150 dpi, as scanners of forms deliver it. */
const PAGE = { width: 1240, height: 1754 };
const WORDS =
  "가맹점 공급가액 계약서 귀하 금액 기관 납부 대표자 등록번호 매입 발행일 보험 부가세 사업자 상호 서명 성명 세금계산서 수량 승인 신청인 영수증 은행 이용 입금 전화 접수 주소 지급 청구 통장 품목 합계 확인".split(
    " ",
  );

/** Deterministic numbers in [0, 1): the corpora are the same on every machine (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Makes a corpus once: `make` fills a folder that gets its name only when it is complete. */
export async function once(folder: string, make: (temp: string) => Promise<void>): Promise<string> {
  if (await stat(folder).catch(() => undefined)) return folder;
  const temp = `${folder}.making`;
  await rm(temp, { recursive: true, force: true });
  await mkdir(temp, { recursive: true });
  await make(temp);
  await rename(temp, folder);
  return folder;
}

/** `count` distinct pages with Korean text and scanner noise, about 350 KB each as JPEG. */
export async function makePages(
  folder: string,
  count: number,
  format: "jpeg" | "png",
  seed = 1,
): Promise<void> {
  const sheets = await Promise.all(Array.from({ length: 8 }, (_, at) => renderSheet(seed * 100 + at)));
  const inFlight = 4;
  let next = 0;
  const work = async () => {
    for (let at = next++; at < count; at = next++) {
      const sheet = sheets[at % sheets.length];
      if (!sheet) throw new Error("no sheet");
      const pixels = addNoise(sheet, createRandom(seed * 1_000_003 + at));
      const image = sharp(pixels, { raw: { ...PAGE, channels: 3 } });
      const encoded = format === "jpeg" ? image.jpeg({ quality: 75 }) : image.png({ compressionLevel: 3 });
      const name = `${String(at).padStart(6, "0")}_쪽.${format === "jpeg" ? "jpg" : "png"}`;
      await writeFile(join(folder, name), await encoded.toBuffer());
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}

async function renderSheet(seed: number): Promise<Buffer> {
  const random = createRandom(seed);
  const lines = Array.from({ length: 52 }, (_, line) => {
    const words = Array.from({ length: 9 }, () => WORDS[Math.floor(random() * WORDS.length)]).join(" ");
    return `<text x="80" y="${90 + line * 31}" font-size="23" font-family="NanumGothic, sans-serif">${words} ${Math.floor(random() * 1e6)}</text>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${PAGE.width}" height="${PAGE.height}"><rect width="100%" height="100%" fill="white"/>${lines.join("")}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
}

/** Grain on a part of the samples: makes pages differ and brings a JPEG of quality 75 to a scan's size. */
function addNoise(sheet: Buffer, random: () => number): Buffer {
  const pixels = Buffer.from(sheet);
  let at = Math.floor(random() * 97);
  while (at < pixels.length) {
    const grain = Math.floor(random() * 40);
    const old = pixels[at] ?? 0;
    pixels[at] = old > 127 ? old - grain : old + grain;
    at += 90 + Math.floor(random() * 120);
  }
  return pixels;
}

/** Small distinct images, for what depends on their number alone. */
export async function makeTiles(folder: string, count: number, seed: number): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let at = next++; at < count; at = next++) {
      const random = createRandom(seed * 7_000_003 + at);
      const pixels = Buffer.from(Array.from({ length: 16 * 16 * 3 }, () => Math.floor(random() * 256)));
      const tile = await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
        .jpeg()
        .toBuffer();
      const shelf = join(folder, String(Math.floor(at / 5000)).padStart(4, "0"));
      if (at % 5000 === 0) await mkdir(shelf, { recursive: true });
      await writeFile(join(shelf, `${at}.jpg`), tile).catch(async () => {
        await mkdir(shelf, { recursive: true });
        await writeFile(join(shelf, `${at}.jpg`), tile);
      });
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
}

/**
 * One Parquet of `rows` label rows: `id` and `label`, OCR JSON of about 700 bytes with Korean words out of a
 * vocabulary of some 300,000.
 */
export async function makeLabels(path: string, rows: number, seed: number): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const syllable = (salt: number) => `chr(44032 + (hash(r, w, ${seed + salt}) % 1200)::INTEGER * 9)`;
  await connection.run(`COPY (
    SELECT r AS id, '{"image_id":' || r || ',"words":[' || array_to_string(list_transform(range(16), lambda w:
      '{"text":"' || ${syllable(1)} || ${syllable(2)} || CASE WHEN hash(w, r) % 3 = 0 THEN ${syllable(3)} ELSE '' END
        || '","box":[' || hash(r, w, 1) % 1000 || ',' || hash(r, w, 2) % 1000 || ',' || hash(r, w, 3) % 1000 || ',' || hash(r, w, 4) % 1000 || ']}'), ',') || ']}' AS label
    FROM range(${rows}) t(r)) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
  connection.closeSync();
  instance.closeSync();
}

/** Stands in every 200th row. */
export const COMMON_MARK = "흔표식";
/** Stands in one of 400,000 rows. */
export const RARE_MARK = "희귀표식";

/**
 * Parquet files of `rows` label rows each, as `makeLabels`, with words out of a vocabulary of some 400,000 of which few
 * are frequent and many rare, and the two words above.
 */
export async function makeSearchLabels(folder: string, parts: number, rows: number): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const syllable = (salt: number) => `chr((44032 + hash(i, ${salt}) % 11172)::INTEGER)`;
  await connection.run(
    `CREATE TABLE words AS SELECT i, ${syllable(1)} || ${syllable(2)} || CASE WHEN hash(i, 3) % 3 > 0 THEN ${syllable(4)} ELSE '' END AS w FROM range(400000) t(i)`,
  );
  for (let part = 0; part < parts; part++) {
    const row = `r + ${part * rows}`;
    await connection.run(`COPY (
      WITH draws AS (SELECT r, k, (400000 * pow((hash(${part}, r, k, 9) % 1000000) / 1000000.0, 3))::BIGINT % 400000 AS i FROM range(${rows}) t(r), range(16) u(k)),
      texts AS (SELECT r, string_agg('{"text":"' || w
        || CASE WHEN k = 0 AND (${row}) % 200 = 0 THEN '${COMMON_MARK}' WHEN k = 1 AND (${row}) % 400000 = 7 THEN '${RARE_MARK}' ELSE '' END
        || '","box":[' || hash(r, k, 1) % 1000 || ',' || hash(r, k, 2) % 1000 || ',' || hash(r, k, 3) % 1000 || ',' || hash(r, k, 4) % 1000 || ']}', ',' ORDER BY k) AS x
        FROM draws JOIN words USING (i) GROUP BY r)
      SELECT r AS id, '{"image_id":' || r || ',"words":[' || x || ']}' AS label FROM texts ORDER BY r)
      TO '${join(folder, `part-${part}.parquet`)}' (FORMAT parquet, COMPRESSION zstd)`);
  }
  connection.closeSync();
  instance.closeSync();
}
