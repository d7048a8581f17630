/** Paths in a list are of one system, files of another: Korean names are composed in one and decomposed in the other. */
import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../code-of.ts";
import { withKit } from "./kit.ts";

const NAMES = ["한글 파일.jpg", "a.jpg", "각.jpg"];

for (const [onDisk, given] of [
  ["NFD", "NFC"],
  ["NFC", "NFD"],
] as const) {
  test(`files that are kept in ${onDisk} are found by paths, folders and globs in ${given}`, async () => {
    await withKit(async (kit) => {
      const folder = join(kit.folder, "스캔".normalize(onDisk));
      await mkdir(folder);
      for (const name of NAMES)
        await writeFile(join(folder, name.normalize(onDisk)), `\xff\xd8\xff ${name.length}`, "latin1");
      const asked = join(kit.folder, "스캔".normalize(given));
      const inputs = [
        NAMES.map((name) => join(asked, name.normalize(given))),
        [asked],
        [join(asked, "*.jpg")],
        [
          join(asked, "한*.jpg".normalize(given)),
          join(asked, "a.jpg"),
          join(asked, "각.jpg".normalize(given)),
        ],
      ];
      for (const input of inputs) {
        const { rows } = await kit.stage(input, { mode: "append" });
        expect(rows.map(({ source_name }) => source_name).sort()).toEqual([...NAMES].sort());
      }
      const twice = await kit.plan([join(folder, "a.jpg"), join(asked, "a.jpg")], { mode: "append" });
      expect(twice.input.rowCount).toBe(1);
      expect(await codeOf(kit.plan(join(asked, "없음.jpg".normalize(given))))).toBe("not_found");
    });
  });
}
