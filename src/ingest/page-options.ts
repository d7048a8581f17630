import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { checkValue } from "../schema/check.ts";
import { DEFAULT_PAGES, PageSettingsSchema, type PageWishes } from "../schema/pages.ts";
import { decodeList } from "./text/encoding.ts";

/** How a person says that pages of documents are made. */
export interface PageFlags {
  /** A whole number, as text. */
  dpi?: string | undefined;
  textLayer?: boolean | undefined;
  /** Path of a font file. */
  font?: string | undefined;
  passwords?: readonly string[] | undefined;
}

/**
 * Throws `usage` for a number of dots that is none, or too many; `not_found` for a font that is not there, and
 * `invalid_input` for a file that is none.
 */
export async function parsePageFlags({ dpi, textLayer, font, passwords }: PageFlags): Promise<PageWishes> {
  const wishes: PageWishes = {
    dpi: dpi === undefined ? DEFAULT_PAGES.dpi : wholeNumber(dpi),
    text_layer: textLayer ?? false,
    fontFile: font === undefined ? undefined : await fontPath(font),
    passwords: [...(passwords ?? [])],
  };
  const checked = checkValue(PageSettingsSchema.entries.dpi, wishes.dpi);
  if (!checked.success) throw new AppError("usage", `--dpi ${dpi} ${checked.issues[0].message}`);
  const all = checkValue(PageSettingsSchema.entries.passwords, wishes.passwords);
  if (!all.success) throw new AppError("usage", `the passwords of documents ${all.issues[0].message}`);
  return wishes;
}

/** What is none is below all that are allowed: the check says so. */
function wholeNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : -1;
}

/** First bytes of TrueType, of OpenType, and of several fonts in one file. */
const FONT_MARKS = ["\0\x01\0\0", "true", "OTTO", "ttcf"];

async function fontPath(path: string): Promise<string> {
  const absolute = resolve(path);
  const facts = await stat(absolute).catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (facts?.isFile() !== true)
    throw new AppError("not_found", `the font ${path} is not a file; name a TrueType or OpenType font`);
  const mark = Buffer.from(await Bun.file(absolute).slice(0, 4).arrayBuffer()).toString("latin1");
  if (FONT_MARKS.includes(mark)) return absolute;
  throw new AppError("invalid_input", `${path} is no font; name a TrueType or OpenType font`, {
    details: { path },
  });
}

/** The passwords in a file, one a line. Throws `not_found`, `invalid_input`. */
export async function readPasswords(path: string): Promise<string[]> {
  const bytes = await readFile(path).catch((cause) => {
    if (systemCode(cause) === "EISDIR") {
      const message = `the password file ${path} is a folder; give a text file with one password a line`;
      throw new AppError("invalid_input", message, { cause });
    }
    if (!isMissing(cause)) throw cause;
    throw new AppError("not_found", `the password file ${path} does not exist`, { cause });
  });
  const text = decodeList(bytes, `the password file ${path}`);
  return text.split(/\r?\n/).filter((line) => line !== "");
}
