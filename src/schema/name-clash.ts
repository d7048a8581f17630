import { AppError } from "../errors.ts";
import { quoteExcerpt } from "./excerpt.ts";
import { nameProblem } from "./names.ts";

/**
 * Windows keeps these for devices, whatever is behind a dot; an SMB server shows such a folder under another name.
 */
const DEVICE = /^(con|nul|aux|prn|(com|lpt)[1-9¹²³])(\..*)?$/i;

/**
 * Why `name` cannot name anything new beside those taken; undefined when it can. Stricter than `nameProblem`, which
 * says what can be read: older lakes may hold names that are refused now.
 */
export function newNameProblem(name: string, taken: readonly string[] = []): string | undefined {
  const problem = nameProblem(name);
  if (problem) return problem;
  if (DEVICE.test(name))
    return "is reserved by Windows for a device, so that SMB shows it under another name";
  if (name.endsWith(".")) return "ends with a dot, which Windows and SMB leave out";
  const clash = findClash(name, taken);
  return clash && `differs only in case from ${clash}, which already exists`;
}

/**
 * What names that differ only in case have in common. Wider than any one file system: two names are the same when one
 * of them, or one who writes its language, takes them for the same. So `ß` is `ss` (its capitals are `SS`), and `i`,
 * `I`, `İ` and `ı` are one letter.
 */
export function foldName(name: string): string {
  // Down first: some capitals (ẞ, İ, the Kelvin sign) have no capitals of their own.
  const folded = name.normalize("NFC").toLowerCase().toUpperCase().toLowerCase();
  return folded.replaceAll("\u{131}", "i").replaceAll("i\u{307}", "i").normalize("NFC");
}

/** The first of the names taken that differs from `name` only in case. */
export function findClash(name: string, taken: Iterable<string>): string | undefined {
  const folded = foldName(name);
  for (const other of taken) if (other !== name && foldName(other) === folded) return other;
  return undefined;
}

/** Names that are taken, and where each stands, for a person. */
export type TakenNames = ReadonlyMap<string, string>;

/** Throws `invalid_name` or `name_clash` when `name` is new and cannot be made beside those taken. */
export function refuseNewName(kind: string, name: string, taken: TakenNames): void {
  if (taken.has(name)) return;
  const problem = newNameProblem(name);
  if (problem) {
    throw new AppError(
      "invalid_name",
      `the ${kind} name ${quoteExcerpt(name)} ${problem}; choose another name`,
    );
  }
  refuseClash(kind, name, taken);
}

/** Throws `name_clash` when a name that is taken differs from `name` only in case. */
export function refuseClash(kind: string, name: string, taken: TakenNames): void {
  const existing = findClash(name, taken.keys());
  if (existing === undefined) return;
  const place = taken.get(existing);
  throw new AppError(
    "name_clash",
    `the ${kind} ${name} differs only in case from ${existing} (${place}), and SMB and other file systems treat both as one; use ${existing}, or choose another name`,
    { details: { kind, name, existing, place } },
  );
}
