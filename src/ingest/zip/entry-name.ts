import { legacyNames, utf8Name } from "../legacy-names.ts";

/** Bit 11 of an entry's flags: its name is UTF-8. */
const UTF8_FLAG = 0x800;
/** "Info-ZIP Unicode Path": the name in UTF-8 beside one in an older encoding. */
const UNICODE_PATH = 0x7075;

/** What a zip says of an entry's name. */
export interface RawName {
  fileNameRaw: Buffer;
  generalPurposeBitFlag: number;
  extraFields: readonly { id: number; data: Buffer }[];
}

/** Of the names of which a zip does not say it: CP949 is what Korean Windows packs in. */
export type NameEncoding = "utf-8" | "cp949";

/**
 * The name of an entry as text, composed (NFC): in UTF-8 where the zip says so, else in the zip's encoding where it is
 * valid in it. Parts that mean nothing (`./a//b`) are left out.
 */
export function entryName(raw: RawName, encoding: NameEncoding): string {
  const bytes = raw.fileNameRaw;
  const legacy = () => legacyNames(bytes);
  const isLegacy = encoding === "cp949" && hasOpenEncoding(raw) && legacy().length > 1;
  const name = unicodePath(raw) ?? (isLegacy ? undefined : utf8Name(bytes)) ?? legacy()[0] ?? "";
  const isFolder = name.endsWith("/");
  const parts = name.split("/").filter((part, at) => part !== "." && (part !== "" || at === 0));
  return `${parts.join("/")}${isFolder ? "/" : ""}`.normalize("NFC");
}

/** Whether a name is text in an encoding that its entry does not say. */
export function hasOpenEncoding(raw: RawName): boolean {
  const { fileNameRaw, generalPurposeBitFlag } = raw;
  return (
    (generalPurposeBitFlag & UTF8_FLAG) === 0 &&
    fileNameRaw.some((byte) => byte > 0x7f) &&
    unicodePath(raw) === undefined
  );
}

/**
 * Finds the encoding of all names of a zip with `hasOpenEncoding`: CP949 if one at least is no UTF-8; also if all are Korean
 * in it and none is in UTF-8, for short Korean names in CP949 are valid UTF-8 by chance (`책` -> `å`).
 */
export async function findEncoding(names: AsyncIterable<Uint8Array>): Promise<NameEncoding> {
  let isKorean = true;
  for await (const bytes of names) {
    const utf8 = utf8Name(bytes);
    if (utf8 === undefined) return "cp949";
    if (!isKorean) continue;
    const [legacy = "", ...others] = legacyNames(bytes);
    isKorean = others.length > 0 && isKoreanAlone(legacy) && !/\p{Script=Hangul}/u.test(utf8);
  }
  return isKorean ? "cp949" : "utf-8";
}

/** Hangul, and no ASCII letter beside it: words of Europe in UTF-8 are letters and Hangul in CP949 (`café` -> `caf챕`). */
function isKoreanAlone(name: string): boolean {
  const others = name.replace(/[\p{ASCII}\p{Script=Hangul}]/gu, "");
  return others === "" && !/[a-z]\p{Script=Hangul}|\p{Script=Hangul}[a-z]/iu.test(name);
}

function unicodePath({ fileNameRaw, generalPurposeBitFlag, extraFields }: RawName): string | undefined {
  if ((generalPurposeBitFlag & UTF8_FLAG) !== 0) return undefined;
  const field = extraFields.find(({ id }) => id === UNICODE_PATH)?.data;
  if (field === undefined || field.length < 5 || field[0] !== 1) return undefined;
  // Tools that know nothing of the field may have renamed the entry since.
  if (field.readUInt32LE(1) !== Bun.hash.crc32(fileNameRaw)) return undefined;
  return utf8Name(field.subarray(5));
}

/** What is wrong with an entry's name, behind "entry NAME"; undefined where nothing is. */
export function nameProblem(name: string): string | undefined {
  if (name.includes("\0")) return "has a NUL in its name";
  if (name.includes("\\")) return "has a backslash in its name; pack it with / between folders";
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name) || name.split("/").includes("..")) {
    return "points outside the archive";
  }
  return undefined;
}
