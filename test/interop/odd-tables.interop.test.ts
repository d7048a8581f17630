import { expect, test } from "bun:test";
import { join } from "node:path";
import { withKit } from "../ingest/kit.ts";
import { runPython } from "./python.ts";

interface Case {
  file: string;
  /** What the column `v` gives back. */
  rows: unknown[] | null;
  /** What the refusal says. */
  refused: string | null;
}

test("types that few writers use come back exactly, or are refused by what they are", async () => {
  await withKit(async (kit) => {
    const folder = join(kit.folder, "odd");
    await runPython("datasets-newest", "make_odd_tables.py", folder);
    const cases = (await Bun.file(join(folder, "cases.json")).json()) as Case[];
    expect(cases.length).toBeGreaterThan(25);
    for (const [at, { file, rows, refused }] of cases.entries()) {
      const staged = await kit.stage(join(folder, file), { dataset: `d${at}` }).catch((error) => error);
      if (rows !== null) {
        expect([file, staged.rows?.map((row: Record<string, unknown>) => row.v) ?? String(staged)]).toEqual([
          file,
          rows,
        ]);
        continue;
      }
      expect([file, String(staged.message ?? "taken")]).toEqual([
        file,
        expect.stringMatching(new RegExp(String(refused))),
      ]);
      expect([file, staged.code]).toEqual([
        file,
        expect.stringMatching(/^(unsupported_format|invalid_input|type_mismatch|empty_input)$/),
      ]);
      expect(staged.message).not.toMatch(/scratch|Binder|SQL|LINE 1/);
    }
  });
}, 120_000);
