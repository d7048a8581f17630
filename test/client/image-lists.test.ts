/** Rows with a list of images each, from an upload to what a download gives back. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tableFromIPC, tableToIPC } from "apache-arrow";
import { DatalakeClient } from "../../src/client/index.ts";
import { quoteText } from "../../src/query/sql.ts";
import { codeOf } from "../code-of.ts";
import { makeImage, makeWorld, readRejects, sha256, type World, withDatabase } from "../jobs/staging-kit.ts";

setDefaultTimeout(120_000);

const before = { ...process.env };
let world: World;
let client: DatalakeClient;
let pages: Buffer[];

/** Pages by their numbers; null for an element that is no image, and for a row without a list. */
type Lists = readonly (readonly (number | null)[] | null)[];
const LISTS: Lists = [[0, 1], null, [], [2, null, 0], [null], [3], [1, 1]];

/** As `datasets` writes `images: list<Image>`, in row groups and pages of few rows. */
async function writeLists(name: string, lists: Lists, options = "ROW_GROUP_SIZE 2048"): Promise<string> {
  const path = join(world.folder, `${name}.parquet`);
  const cell = (page: number | null) =>
    page === null ? "NULL" : `{'bytes': from_hex('${pages[page]?.toString("hex")}'), 'path': 'p${page}.jpg'}`;
  const type = "STRUCT(bytes BLOB, path VARCHAR)[]";
  const rows = lists.map(
    (list, n) => `(${n}, ${list === null ? "NULL" : `[${list.map(cell).join(", ")}]`}::${type}, 'row ${n}')`,
  );
  await withDatabase(world, (database) =>
    database.run(
      `COPY (SELECT * FROM (VALUES ${rows.join(", ")}) AS t(n, images, note) ORDER BY n)
      TO ${quoteText(path)} (FORMAT parquet, ${options})`,
    ),
  );
  return path;
}

async function upload(dataset: string, input: string, maxRejects = "0"): Promise<string> {
  const at = { provider: "hub", dataset, images: "preserve", maxRejects } as const;
  const { upload_id } = await client.uploadRawData({ ...at, input });
  const { jobId } = await client.triggerProcessing();
  const { uploads } = await client.waitForJobCompletion(jobId);
  expect(uploads).toMatchObject([{ status: "completed" }]);
  return upload_id;
}

/** The lists of a Parquet file: digests of bytes, or paths. */
async function listsOf(path: string, images: "bytes" | "path"): Promise<unknown[]> {
  const value = images === "bytes" ? "sha256(x.bytes)" : "x.path";
  return withDatabase(world, async (database) => {
    const rows = await database.rows<{ list: string }>(
      `SELECT coalesce(CAST(to_json(list_transform(images, lambda x: ${value})) AS VARCHAR), 'null') AS list
      FROM read_parquet(${quoteText(path)}) ORDER BY n`,
    );
    return rows.map(({ list }) => JSON.parse(list));
  });
}

const digests = (lists: Lists) =>
  lists.map((list) => list?.map((page) => (page === null ? null : sha256(pages[page] as Buffer))) ?? null);

let downloads = 0;
async function download(
  dataset: string,
  format: "parquet" | "arrow",
  images: "embed" | "reference" | "none",
) {
  const output = join(world.folder, `download-${downloads++}.${format}`);
  await client.download({ output, query: { datasets: [dataset] }, format, images });
  return output;
}

beforeAll(async () => {
  world = await makeWorld();
  process.env.DATALAKE_CACHE = join(world.folder, "cache");
  client = new DatalakeClient({ basePath: world.lake.root, numProc: 1, batchSize: 3 });
  pages = await Promise.all([1, 2, 3, 4].map((seed) => makeImage(seed)));
  await upload("lists", await writeLists("lists", LISTS));
});

afterAll(async () => {
  await client.close();
  process.env = before;
  await rm(world.folder, { recursive: true, force: true });
});

test("lists come back as they were: without a list, empty, and with elements that are none", async () => {
  const output = await download("lists", "parquet", "embed");
  expect(await listsOf(output, "bytes")).toEqual(digests(LISTS));
  const [row] = await withDatabase(world, (database) =>
    database.rows(
      `SELECT images_hash, images_source_name, images_width FROM read_parquet(${quoteText(output)}) WHERE n = 3`,
    ),
  );
  const [third, first] = [sha256(pages[2] as Buffer), sha256(pages[0] as Buffer)];
  expect(JSON.parse(JSON.stringify(row))).toEqual({
    images_hash: [third, null, first],
    images_source_name: ["p2.jpg", null, "p0.jpg"],
    images_width: [24, null, 24],
  });
});

test("as paths into the lake, and left out", async () => {
  const paths = (await listsOf(await download("lists", "parquet", "reference"), "path")) as (
    | (string | null)[]
    | null
  )[];
  const read = await Promise.all(
    paths.map(
      async (list) =>
        list && Promise.all(list.map(async (path) => (path === null ? null : sha256(await readFile(path))))),
    ),
  );
  expect(read).toEqual(digests(LISTS));
  const none = tableFromIPC(await readFile(await download("lists", "arrow", "none")));
  expect(none.schema.names).not.toContain("images");
});

test("what a download gives is taken again, as Arrow and in other pages of Parquet", async () => {
  const arrow = tableFromIPC(await readFile(await download("lists", "arrow", "embed")));
  const own = arrow.select(["images", "n"]);
  for (const format of ["file", "stream"] as const) {
    const path = join(world.folder, `again-${format}.arrow`);
    await writeFile(path, tableToIPC(own, format));
    await upload(`arrow-${format}`, path);
    expect(await listsOf(await download(`arrow-${format}`, "parquet", "embed"), "bytes")).toEqual(
      digests(LISTS),
    );
  }
  const many = Array.from({ length: 400 }, (_, at) => LISTS[at % LISTS.length] ?? null);
  const options = "ROW_GROUP_SIZE 2048, PARQUET_VERSION v2, COMPRESSION zstd";
  await upload("many", await writeLists("many", many, options));
  expect(await listsOf(await download("many", "parquet", "embed"), "bytes")).toEqual(digests(many));
});

test("a list with an element that is no image costs its row, which says which", async () => {
  pages.push(Buffer.from("no image"), Buffer.alloc(0));
  const id = await upload("broken", await writeLists("broken", [[0], [1, 4], [1, 2, 5]]), "90%");
  expect(await readRejects(world, id)).toMatchObject([
    { source_row: 1, reason: expect.stringMatching(/^images\[1\]: not an image/) },
    { source_row: 2, reason: "images[2]: the file p5.jpg does not exist" },
  ]);
  expect(await listsOf(await download("broken", "parquet", "embed"), "bytes")).toEqual(digests([[0]]));
});

test("an asset of a list that is missing is found, and its row is named", async () => {
  const output = await download("lists", "parquet", "reference");
  const [[, path] = []] = (await listsOf(output, "path")) as string[][];
  const bytes = await readFile(path as string);
  await unlink(path as string);
  try {
    expect(await codeOf(client.download({ output: `${output}.2`, query: { datasets: ["lists"] } }))).toBe(
      "missing_asset",
    );
    const found = await client.download({
      output: join(world.folder, "skipped.parquet"),
      query: { datasets: ["lists"] },
      format: "parquet",
      images: "embed",
      skipMissing: true,
    });
    expect(found).toMatchObject({ rows: LISTS.length - 2, missing: 2 });
  } finally {
    await writeFile(path as string, bytes);
  }
});
