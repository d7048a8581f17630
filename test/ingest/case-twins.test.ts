import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { quoteText } from "../../src/query/sql.ts";
import { arrowOf } from "../tables/write.ts";
import { withKit } from "./kit.ts";

// To the engine such names are one: a value of `fileName` would be taken from `filename`.
const FIRST = "filename";
const SECOND = "fileName";

const TEXTS: Record<string, (names: string[]) => string> = {
  csv: (names) => `${names.join(",")}\n${names.map((_, at) => `v${at}`).join(",")}\n`,
  jsonl: (names) => `${JSON.stringify(Object.fromEntries(names.map((name, at) => [name, `v${at}`])))}\n`,
  json: (names) => `[${JSON.stringify(Object.fromEntries(names.map((name, at) => [name, `v${at}`])))}]`,
};

test("names that differ in case only are refused in one file, and in several of one upload", () =>
  withKit(async (kit) => {
    const write = async (file: string, ending: string, names: string[]) => {
      const path = join(kit.folder, `${file}.${ending}`);
      const text = TEXTS[ending];
      if (text !== undefined) return Bun.write(path, text(names));
      const parquet = join(kit.folder, ending === "parquet" ? `${file}.parquet` : `${Bun.hash(file)}.tmp`);
      const select = names.map((name) => `'x' AS "${name}"`).join(", ");
      await kit.session.database.run(`COPY (SELECT ${select}) TO ${quoteText(parquet)} (FORMAT parquet)`);
      if (ending === "arrow") await arrowOf(parquet, path);
    };
    for (const ending of ["csv", "jsonl", "json", "parquet", "arrow"]) {
      const isText = ending in TEXTS;
      if (isText) await write(`one-${ending}`, ending, [FIRST, SECOND]);
      await mkdir(join(kit.folder, `two-${ending}`));
      await write(`two-${ending}/0`, ending, [FIRST, "x"]);
      await write(`two-${ending}/1`, ending, ["x", SECOND]);
      for (const path of [...(isText ? [`one-${ending}.${ending}`] : []), `two-${ending}`]) {
        const error = await kit.plan(join(kit.folder, path)).catch((failure) => failure);
        expect([path, error.code]).toEqual([path, "invalid_input"]);
        expect([path, error.message]).toEqual([
          path,
          expect.stringMatching(/"fileName".*; rename one of them$/),
        ]);
      }
    }
  }));
