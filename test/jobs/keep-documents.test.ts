import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings, type Settings } from "../../src/config.ts";
import { keepDocuments } from "../../src/jobs/keep-documents.ts";
import { RESULTS_TABLE } from "../../src/jobs/row-results.ts";
import type { StagedRows } from "../../src/jobs/select.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";
import type { UploadManifest } from "../../src/schema/upload.ts";
import { codeOf } from "../code-of.ts";

let folder: string;
let database: Database;
let settings: Settings;
let source: StagedRows;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-keep-"));
  settings = await loadSettings({ env: { DATALAKE_LAKE: folder } });
  database = await openDatabase({ scratch: folder, memory: "200MB", threads: 1 });
  const file = join(folder, "data.parquet");
  await database.run(
    `COPY (SELECT i AS source_row, 'd' || i // 2 || '.pdf#page=' || i % 2 + 1 AS source_name FROM range(6) t(i))
     TO ${quoteText(file)} (FORMAT parquet)`,
  );
  const manifest = { content: "image", reference: null } as UploadManifest;
  source = { file, columns: new Set(["source_row", "source_name"]), manifest };
});
afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

/** Keeps the documents d0 to d2 of two drawn pages each; the job is cancelled when `cancelAt` of them are kept. */
async function keep(cancelAt?: number) {
  await database.run(`CREATE OR REPLACE TABLE ${RESULTS_TABLE} AS SELECT NULL::VARCHAR AS reason,
    'd' || i // 2 AS document, 'drawn' AS page_source, NULL::VARCHAR AS document_path FROM range(6) t(i)`);
  const asked: string[] = [];
  let reported = 0;
  const cancel = new AbortController();
  const documents = {
    keep: async (document: string, name: string | null) => {
      asked.push(`${document} ${name}`);
      if (asked.length === cancelAt) cancel.abort();
      return { path: `p/${document}` };
    },
  };
  const onDocument = async () => {
    reported++;
  };
  const code = await codeOf(
    keepDocuments({ database, settings }, source, documents, { signal: cancel.signal, onDocument }),
  );
  const rows = await database.rows<{ path: string }>(`SELECT document_path AS path FROM ${RESULTS_TABLE}`);
  return { asked, reported, code, paths: rows.map(({ path }) => path) };
}

test("each document is kept once, all of its pages say where, and each is reported", async () => {
  expect(await keep()).toMatchObject({
    asked: ["d0 d0.pdf#page=1", "d1 d1.pdf#page=1", "d2 d2.pdf#page=1"],
    reported: 3,
    paths: ["p/d0", "p/d0", "p/d1", "p/d1", "p/d2", "p/d2"],
  });
});

test("no other document is kept after the job was cancelled", async () => {
  const { asked, code } = await keep(2);
  expect([asked.length, code]).toEqual([2, "cancelled"]);
});
