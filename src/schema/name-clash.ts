import { AppError } from "../errors.ts";
import { quoteExcerpt } from "./excerpt.ts";
import { nameProblem } from "./names.ts";

/** Reserved device names of Windows, with any extension; SMB servers show such folders under other names. */
const DEVICE = /^(con|nul|aux|prn|(com|lpt)[1-9¹²³])(\..*)?$/i;

/**
 * Why `name` cannot be created beside `taken` names; undefined if it can. Stricter than `nameProblem`, which
 * is for reading: older lakes may hold names that are refused now.
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
 * Maps names that differ only in case to the same key. Wider than any one file system: names are equal if
 * some file system or writer of the language treats them as equal. So `ß` equals `ss` (capitals `SS`), and
 * `i`, `I`, `İ`, `ı` are one letter.
 */
export function foldName(name: string): string {
  // Lower first: some capitals (ẞ, İ, the Kelvin sign) have no upper-case mapping.
  const folded = name.normalize("NFC").toLowerCase().toUpperCase().toLowerCase();
  return folded.replaceAll("\u{131}", "i").replaceAll("i\u{307}", "i").normalize("NFC");
}

export function findClash(name: string, taken: Iterable<string>): string | undefined {
  const folded = foldName(name);
  for (const other of taken) if (other !== name && foldName(other) === folded) return other;
  return undefined;
}

/** Taken names, with their place for messages. */
export type TakenNames = ReadonlyMap<string, string>;

/** Throws `invalid_name` or `name_clash` if `name` is new and cannot be created. */
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

/** Throws `name_clash` if a taken name differs from `name` only in case. */
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
