import { requireHead } from "../catalog/open.ts";
import type { Lake } from "../lake/lake.ts";
import { awaitReplaced } from "../lake/replaced.ts";
import type { Database } from "../query/database.ts";
import { attachCatalog } from "../query/duckdb/catalog-file.ts";
import { openTest } from "../query/duckdb/open-columns.ts";
import { quoteName } from "../query/sql.ts";
import type { LakeColumn, LakePartition } from "./model.ts";

/** A snapshot of the published catalog, unaffected by newer ones. */
export interface LakeState {
  generation: number;
  partitions: LakePartition[];
  /** The catalog's partition table, attached to the database. */
  table: string;
}

const NAME = "synced";
/** From this many partitions on, reading them leaves several times the memory that is kept. */
const MANY = 10_000;

/** Attaches the published catalog and reads its partition list. Throws `corrupt` for an unknown format. */
export async function readLake(database: Database, lake: Lake): Promise<LakeState> {
  await awaitReplaced(lake.layout.catalogFile);
  await attachCatalog(database, lake.layout.catalogFile, NAME);
  const { generation } = await requireHead(database, lake, NAME);
  const table = `${quoteName(NAME)}.partitions`;
  // Without NULL counts few column lists differ; each is fetched once.
  const open = await openTest(database, table);
  const columns = `[{name: c.name, type: c.type, isEmpty: c.nulls >= rows, open: ${open}} FOR c IN columns]`;
  const lists = new Map<string, LakeColumn[]>();
  for (const { id, list } of await database.rows<{ id: string; list: string }>(
    `SELECT hash(list)::VARCHAR AS id, to_json(list)::VARCHAR AS list FROM (SELECT DISTINCT ${columns} AS list FROM ${table})`,
  )) {
    lists.set(id, JSON.parse(list) as LakeColumn[]);
  }
  const sql = `SELECT provider, dataset, task, variant, base_version::DOUBLE, version::DOUBLE, array_to_string(files, '/'),
       hash(${columns})::VARCHAR, uploads[1], uploads[-1] FROM ${table}`;
  const partitions: LakePartition[] = [];
  const texts = new Map<string, string>();
  const shared = (text: string) => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
  for await (const chunk of database.chunks(sql)) {
    for (const row of chunk.getRows()) {
      const [provider, dataset, task, variant, base, version, files, list, first, last] = row;
      partitions.push({
        provider: shared(String(provider)),
        dataset: shared(String(dataset)),
        task: shared(String(task)),
        variant: shared(String(variant)),
        base_version: Number(base),
        version: Number(version),
        files: String(files).split("/").map(shared),
        columns: lists.get(String(list)) ?? [],
        first_upload: String(first ?? ""),
        last_upload: String(last ?? ""),
      });
    }
  }
  if (partitions.length > MANY) Bun.gc(true);
  return { generation, partitions, table };
}
