import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { checkValue } from "../schema/check.ts";
import { DEFAULT_PAGES, PageSettingsSchema, type PageWishes } from "../schema/pages.ts";

/** How a person says that pages of documents are made. */
export interface PageFlags {
  /** A whole number, as text. */
  dpi?: string | undefined;
  textLayer?: boolean | undefined;
  /** Path of a font file. */
  font?: string | undefined;
  passwords?: readonly string[] | undefined;
}

/** Throws `usage` for a number of dots that is none, or too many; `not_found` for a font that is not there. */
export async function parsePageFlags({ dpi, textLayer, font, passwords }: PageFlags): Promise<PageWishes> {
  const wishes: PageWishes = {
    dpi: dpi === undefined ? DEFAULT_PAGES.dpi : Number(dpi),
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

async function fontPath(path: string): Promise<string> {
  const absolute = resolve(path);
  const facts = await stat(absolute).catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (facts?.isFile()) return absolute;
  throw new AppError("not_found", `the font ${path} is not a file; name a TrueType or OpenType font`);
}

/** The passwords in a file, one a line, in UTF-8. Throws `not_found`, `invalid_input`. */
export async function readPasswords(path: string): Promise<string[]> {
  const bytes = await readFile(path).catch((cause) => {
    if (!isMissing(cause)) throw cause;
    throw new AppError("not_found", `the password file ${path} does not exist`, { cause });
  });
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.split(/\r?\n/).filter((line) => line !== "");
  } catch (cause) {
    throw new AppError("invalid_input", `the password file ${path} is not UTF-8 text`, { cause });
  }
}
