import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { parsePageFlags, readPasswords } from "../../src/ingest/page-options.ts";
import { NOTO_SANS_KR } from "../documents/korean.ts";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-pages-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function refusal(work: Promise<unknown>): Promise<[string, string] | undefined> {
  return work.then(
    () => undefined,
    (error) => {
      if (!(error instanceof AppError)) throw error;
      return [error.code, error.message];
    },
  );
}

test("--dpi is a whole number from 72 to 600", async () => {
  for (const dpi of ["abc", "", "71", "601", "200.5", "-200", "2e2", "0xff", "NaN", "Infinity"]) {
    expect(await refusal(parsePageFlags({ dpi }))).toEqual([
      "usage",
      `--dpi ${dpi} is not a whole number from 72 to 600`,
    ]);
  }
  for (const dpi of ["72", "300", "600"]) expect(await parsePageFlags({ dpi })).toMatchObject({ dpi: +dpi });
  expect(await parsePageFlags({})).toMatchObject({ dpi: 200 });
});

test("--font is a file that begins as a font", async () => {
  await withFolder(async (folder) => {
    const font = join(folder, "글꼴.ttf");
    for (const content of ["", "OTT", "%PDF-1.7", "\0\x01\0\x01 none"]) {
      await writeFile(font, content);
      expect(await refusal(parsePageFlags({ font }))).toEqual([
        "invalid_input",
        `${font} is no font; name a TrueType or OpenType font`,
      ]);
    }
    for (const mark of ["\0\x01\0\0", "true", "OTTO", "ttcf"]) {
      await writeFile(font, `${mark} and more`);
      expect(await parsePageFlags({ font })).toMatchObject({ fontFile: font });
    }
    expect(await parsePageFlags({ font: NOTO_SANS_KR })).toMatchObject({ fontFile: NOTO_SANS_KR });
    for (const path of [folder, join(folder, "none.ttf")])
      expect(await refusal(parsePageFlags({ font: path }))).toEqual([
        "not_found",
        `the font ${path} is not a file; name a TrueType or OpenType font`,
      ]);
  });
});

test("--password-file is a file with one password a line", async () => {
  await withFolder(async (folder) => {
    expect(await refusal(readPasswords(folder))).toEqual([
      "invalid_input",
      `the password file ${folder} is a folder; give a text file with one password a line`,
    ]);
    await writeFile(join(folder, "a.txt"), "하나\r\n둘\n\n");
    expect(await readPasswords(join(folder, "a.txt"))).toEqual(["하나", "둘"]);
    await writeFile(join(folder, "b.txt"), Buffer.from([0xbe, 0xcf, 0xc8, 0xa3, 0x0d, 0x0a])); // CP949
    expect(await readPasswords(join(folder, "b.txt"))).toEqual(["암호"]);
  });
});
