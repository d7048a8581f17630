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

/**
 * The name of an entry as text, composed (NFC): in UTF-8 where the zip says so or where it is valid, else in CP949, in
 * which Korean Windows packs. Parts that mean nothing (`./a//b`) are left out.
 */
export function entryName(raw: RawName): string {
  const name = unicodePath(raw) ?? utf8Name(raw.fileNameRaw) ?? legacyNames(raw.fileNameRaw)[0] ?? "";
  const isFolder = name.endsWith("/");
  const parts = name.split("/").filter((part, at) => part !== "." && (part !== "" || at === 0));
  return `${parts.join("/")}${isFolder ? "/" : ""}`.normalize("NFC");
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
