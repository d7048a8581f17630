/** Lakes that catalogs and the page are measured on: written as tables, for a million images would take hours. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { loadSettings } from "../../src/config.ts";
import { initLake } from "../../src/lake/lake.ts";
import { openDatabase } from "../../src/query/database.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import { commit, refresh } from "../catalog/lakes.ts";

export interface TableLake {
  partitions: number;
  /** Of each. */
  rows: number;
}

/** A lake in `folder/lake` whose rows tell of images that are not there; columns as of an upload of pages. */
export function makeTableLake(folder: string, { partitions, rows }: TableLake): Promise<void> {
  return makeLake(
    folder,
    Array.from({ length: partitions }, (_, part) => {
      const key = { provider: `p${part % 7}`, dataset: `set_${part}`, task: "raw", variant: "image" };
      return { key, select: rowsSql(key, part * rows, rows) };
    }),
  );
}

/** A lake in `folder/lake` with labels of pages in the variants a and b, of 100 words each; every fifth page differs. */
export function makeVariantLake(folder: string, pages: number): Promise<void> {
  const at = { provider: "bench", dataset: "pages", task: "words" };
  return makeLake(folder, [
    { key: { ...at, variant: "a" }, select: labelsSql(pages, "w") },
    { key: { ...at, variant: "b" }, select: labelsSql(pages, "CASE WHEN i % 5 = 0 THEN w + 1 ELSE w END") },
  ]);
}

async function makeLake(
  folder: string,
  parts: readonly { key: PartitionKey; select: string }[],
): Promise<void> {
  const scratch = join(folder, "scratch");
  await mkdir(scratch, { recursive: true });
  const { lake } = await initLake(join(folder, "lake"));
  const database = await openDatabase({ scratch, threads: 2, memory: "4GB" });
  const settings = await loadSettings({
    env: { DATALAKE_CATALOG_INDEX: "off", DATALAKE_DATABASE_MEMORY: "4GB" },
    cwd: folder,
    flags: { cache: join(folder, "cache"), scratch },
  });
  try {
    for (const { key, select } of parts) await commit({ lake, database }, "create", select, key);
    await refresh({ folder, lake, settings, database });
  } finally {
    database.close();
  }
}

function rowsSql({ provider, dataset }: PartitionKey, first: number, rows: number): string {
  const folder = `provider=${provider}/dataset=${dataset}`;
  return `SELECT ['ko', 'en', 'ja'][1 + i % 3] AS lang, sha256(i::VARCHAR) AS hash,
    CASE WHEN i % 5 = 0 THEN 'png' ELSE 'jpeg' END AS format,
    concat_ws('/', '${folder}', hash[1:2], hash[3:4], hash || '.' || replace(format, 'jpeg', 'jpg')) AS path,
    (600 + hash(i) % 2000)::INTEGER AS width, (800 + hash(i + 1) % 3000)::INTEGER AS height,
    (hash(i) % 900000)::BIGINT AS bytes, 1::INTEGER AS pages,
    NULL::INTEGER AS orientation, 150::DOUBLE AS dpi, hash AS source_hash, md5(i::VARCHAR) AS pixel_hash,
    'scan-' || i || '.jpg' AS source_name, 'u${"0".repeat(32)}' AS upload_id, i AS source_row
    FROM (SELECT ${first} + range AS i FROM range(${rows}))`;
}

function labelsSql(pages: number, word: string): string {
  const box = "[60 + w % 10 * 220, 80 + w // 10 * 300, 250 + w % 10 * 220, 120 + w // 10 * 300]";
  const words = `list_transform(range(100), lambda w: {'text': '낱말 ' || (${word}), 'bbox': ${box}, 'kind': 'item'})`;
  return `SELECT to_json({'words': ${words}})::VARCHAR AS label, sha256(i::VARCHAR) AS hash, 2480::INTEGER AS width,
    3508::INTEGER AS height, 'jpeg' AS format, 'scan-' || i || '.jpg' AS source_name,
    'u${"0".repeat(32)}' AS upload_id, i AS source_row FROM (SELECT range AS i FROM range(${pages}))`;
}
