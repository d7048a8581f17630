import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Int32, Table, tableToIPC, vectorFromArray } from "apache-arrow";
import { executeUpload } from "../../src/ingest/execute.ts";
import { localDestination } from "../../src/ingest/local-destination.ts";
import { splitRecords } from "../../src/ingest/text/csv-records.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { openDatabase } from "../../src/query/database.ts";
import { type IngestKit, withKit } from "./kit.ts";

async function write(kit: IngestKit, name: string, content: string | Uint8Array): Promise<string> {
  const path = join(kit.folder, name);
  await writeFile(path, content);
  return path;
}

test("a table of more columns than an upload may have is refused before it is described", async () => {
  await withKit(async (kit) => {
    const names = Array.from({ length: 10_001 }, (_, at) => `c${at}`);
    const one = vectorFromArray([1], new Int32());
    const inputs = {
      "wide.csv": `${names.join(",")}\n${"1,".repeat(10_000)}1\n`,
      "wide.tsv": `${names.join("\t")}\n`,
      "wide.jsonl": `${JSON.stringify(Object.fromEntries(names.map((name) => [name, 1])))}\n`,
      "wide.arrow": tableToIPC(new Table(Object.fromEntries(names.map((name) => [name, one]))), "file"),
    };
    const paths = [join(kit.folder, "wide.parquet")];
    await kit.session.database.run(
      `COPY (SELECT ${names.map((name) => `1 AS ${name}`).join(", ")}) TO '${paths[0]}' (FORMAT parquet)`,
    );
    for (const [name, content] of Object.entries(inputs)) paths.push(await write(kit, name, content));
    for (const path of paths) {
      await expect(kit.session.open(path)).rejects.toMatchObject({
        code: "invalid_input",
        message: expect.stringContaining(`${path} has more than 10,000 columns`),
      });
    }
  });
});

test("a CSV of many columns is staged, with fewer threads where those take too much memory, or refused for its width", async () => {
  await withKit(async (kit) => {
    const table = (columns: number) => {
      const names = Array.from({ length: columns }, (_, at) => `c${at}`);
      return [names, names.map((_, at) => (at % 3 === 0 ? "x" : at)), names.map(() => "1.5")].join("\n");
    };
    const { manifest, rows } = await kit.stage(await write(kit, "wide.csv", table(1500)));
    const types = manifest.columns.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(["VARCHAR", "DOUBLE", "DOUBLE"]);
    expect(types).toHaveLength(1500);
    expect(rows.map(({ c0, c1499 }) => [c0, c1499])).toEqual([
      ["x", 1499],
      ["1.5", 1.5],
    ]);
    const refused = kit.stage(await write(kit, "wider.csv", table(8000)), { dataset: "wider" });
    await expect(refused).rejects.toMatchObject({
      code: "too_large",
      message: expect.stringContaining("too many columns"),
    });
  });
});

test("a Parquet file of thousands of columns is staged in order, within the memory that there is", async () => {
  await withKit(async (kit) => {
    const columns = 1600; // of 400 MB, as 5,000 are of 1 GB
    const path = join(kit.folder, "wide.parquet");
    const made = await openDatabase({ scratch: join(kit.folder, "made"), threads: 1 });
    const values = Array.from({ length: columns }, (_, at) =>
      at % 2 === 0 ? `'낱말 ' || (range + ${at}) AS c${at}` : `range * ${at} AS c${at}`,
    );
    await made.run(
      `COPY (SELECT ${values.join(", ")} FROM range(5000)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    );
    made.close();
    const { database } = kit.session;
    const manifest = await executeUpload(await kit.plan(path), {
      target: localDestination(kit.lake),
      database,
      workingFolder: kit.folder,
      maxBytes: 1_000_000,
    });
    const staged = createUploadLayout(join(kit.lake.layout.pending, manifest.upload_id)).rows.stagedAt;
    expect(manifest.rows).toBe(5000);
    const [facts] = await kit.rows(
      `(SELECT bool_and(source_row * ${columns - 1} = c${columns - 1} AND c2 = '낱말 ' || (source_row + 2)) AS same,
        count(DISTINCT source_row) AS rows FROM read_parquet('${staged}'))`,
    );
    expect(facts).toEqual({ same: true, rows: 5000 });
  });
});

test("lines of a CSV that do not fit its header cost no more than others", async () => {
  await withKit(async (kit) => {
    const rows = (count: number, row: string) => `${row}\n`.repeat(count);
    const names = Array.from({ length: 100 }, (_, at) => `c${at}`).join(",");
    const path = await write(
      kit,
      "misfits.csv",
      `${names}\n${rows(50, `${"1,".repeat(99)}1`)}"a\nb",c\n${rows(500, "x")}${rows(1, `${"1,".repeat(60_000)}1`)}${rows(2, `"2""\n,",${"1,".repeat(98)}1,,`)}`,
    );
    const input = await kit.session.open(path);
    expect(input.rowCount).toBe(50 + 502 + 2);
    const kept = await kit.rows(`(SELECT c0, ${input.rejects} AS why FROM ${await input.rows()})`);
    expect(kept.filter(({ why }) => why === null).map(({ c0 }) => c0)).toEqual([
      ...Array(50).fill("1"),
      '2"\n,',
      '2"\n,',
    ]);
    const why = kept.flatMap((row) => row.why ?? []);
    expect(why.slice(0, 2)).toEqual([
      "line 52: 2 cells, and the header has 100",
      "line 54: 1 cells, and the header has 100",
    ]);
    expect(why.at(-1)).toBe("line 554: 60001 cells, and the header has 100");
  });
}, 120_000);

test("a quote that comes late in a CSV is a quote still", async () => {
  await withKit(async (kit) => {
    const path = await write(kit, "late.csv", `a,b\n${"1,2\n".repeat(60_000)}3,"x, y"\n4,"p\nq"\n5\n6,7\n`);
    const input = await kit.session.open(path);
    const late = await kit.rows(
      `(SELECT a, b, ${input.rejects} AS why FROM ${await input.rows()} OFFSET 60000)`,
    );
    expect(late).toEqual([
      { a: 3, b: "x, y", why: null },
      { a: 4, b: "p\nq", why: null },
      { a: null, b: null, why: "line 60005: 1 cells, and the header has 2" },
      { a: 6, b: "7", why: null },
    ]);
  });
});

test("a CSV is parted into the same records wherever its text is cut", async () => {
  const text = 'a,"b\r\n""c"\r\n\r\nd,\r"e",f,,\n"g\n","h"\n';
  const read = async (size: number) => {
    async function* chunks() {
      for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
    }
    return (await Array.fromAsync(splitRecords("in.csv", chunks(), { delimiter: ",", quote: '"' }))).flat();
  };
  const whole = await read(text.length);
  expect(whole.map(({ line, text, cells }) => [line, cells ?? text.split(",")])).toEqual([
    [1, ["a", 'b\r\n"c']],
    [4, ["d", ""]],
    [5, ["e", "f", "", ""]],
    [6, ["g\n", "h"]],
  ]);
  for (const size of [1, 2, 3, 5, 7]) expect(await read(size)).toEqual(whole);
});
