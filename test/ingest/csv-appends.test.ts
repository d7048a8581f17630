import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type IngestKit, withKit } from "./kit.ts";

/** Rows of CSV that is added to what was staged before. */
async function append(kit: IngestKit, name: string, content: string) {
  const path = join(kit.folder, name);
  await writeFile(path, content);
  return kit.stage(path, { mode: "append" });
}

test("numbers of CSV are text as written where the partition has text, and the upload says so", async () => {
  await withKit(async (kit) => {
    await append(kit, "1.csv", "zip,text,n\n01234,x,1\n");
    const second = await append(kit, "2.csv", 'text,n,zip\n1.50,2,51234\n,3,\n"-0",4,1e5\n');
    expect(second.rows.map(({ zip, text, n }) => [zip, text, n])).toEqual([
      ["51234", "1.50", 2],
      [null, null, 3],
      ["1e5", "-0", 4],
    ]);
    expect(second.plan.notices).toContain(
      "the cells of text, zip are kept as text, as written: the partition has text there",
    );
    const third = await append(kit, "3.csv", "zip,more\nTRUE,1\nfalse,2\n");
    expect(third.rows.map(({ zip, more }) => [zip, more])).toEqual([
      ["TRUE", 1],
      ["false", 2],
    ]);
  });
});

test("fractions and words are refused where the partition has whole numbers", async () => {
  await withKit(async (kit) => {
    await append(kit, "1.csv", "zip,n\n01234,1\n");
    for (const cells of ["5,1.5", "5,x", "5,007"]) {
      await expect(append(kit, "2.csv", `zip,n\n${cells}\n`)).rejects.toMatchObject({
        code: "type_mismatch",
        details: { column: "n", partition_type: "BIGINT" },
      });
    }
    const path = join(kit.folder, "3.jsonl");
    await writeFile(path, '{"zip":5}\n'); // a number of JSON is none of text
    await expect(kit.stage(path, { mode: "append" })).rejects.toMatchObject({ code: "type_mismatch" });
  });
});
