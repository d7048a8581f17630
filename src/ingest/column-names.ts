import { AppError } from "../errors.ts";
import { MAX_NAME_LENGTH } from "../schema/columns.ts";

/**
 * A column name as the lake stores it: NFC, lower snake_case, letters of every script kept. `imageId`, `Image ID` and
 * `image-id` all become `image_id`; a name without letters or digits gives "".
 */
export function snakeCase(name: string): string {
  return name
    .normalize("NFC")
    .replace(/(\p{Ll}|\p{N})(\p{CWL})/gu, "$1_$2")
    .replace(/(\p{CWL})(\p{CWL}\p{Ll})/gu, "$1_$2")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "_")
    .replace(/^_+|_+$/g, "");
}

/** `rowid` is what the database calls a row's place; a column of that name would hide it from every search. */
const RENAMED = new Map([["rowid", "row_id"]]);

/** Characters of a name in a message. */
const SHOWN_LENGTH = 40;

/**
 * Stored names for an input's columns, in their order; a nameless one becomes `column_<position>`. Throws
 * `invalid_input` naming both columns where two would get one name, and for a name that is too long.
 */
export function storedNames(names: readonly string[]): Map<string, string> {
  const stored = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const [at, name] of names.entries()) {
    const given = snakeCase(name) || `column_${at + 1}`;
    const plain = RENAMED.get(given) ?? given;
    if (plain.length > MAX_NAME_LENGTH) {
      const begin = `${Array.from(name).slice(0, SHOWN_LENGTH).join("")}...`;
      throw new AppError(
        "invalid_input",
        `the name of column ${at + 1} (${JSON.stringify(begin)}) has more than ${MAX_NAME_LENGTH} characters; shorten it`,
        { details: { column: begin } },
      );
    }
    const other = taken.get(plain);
    if (other !== undefined) {
      throw new AppError(
        "invalid_input",
        `the columns ${JSON.stringify(other)} and ${JSON.stringify(name)} would both be stored as ${plain}; rename one of them`,
        { details: { columns: [other, name], stored: plain } },
      );
    }
    taken.set(plain, name);
    stored.set(name, plain);
  }
  return stored;
}

/**
 * Throws `invalid_input` for names in these files of one input that differ in case only: to a query they are one, and
 * the values of one would be those of the other.
 */
export function refuseCaseTwins(files: Iterable<{ path: string; names: Iterable<string> }>): void {
  const known = new Map<string, { name: string; path: string }>();
  for (const { path, names } of files) {
    for (const name of names) {
      const other = known.get(name.toLowerCase());
      if (other === undefined) known.set(name.toLowerCase(), { name, path });
      if (other === undefined || other.name === name) continue;
      const where = other.path === path ? "" : ` in ${other.path}`;
      throw new AppError(
        "invalid_input",
        `the columns ${JSON.stringify(other.name)}${where} and ${JSON.stringify(name)} in ${path} differ in case only; rename one of them`,
        { details: { columns: [other.name, name], files: [other.path, path] } },
      );
    }
  }
}

const SHOWN = 5;

/** Says which columns have another name in the lake than in the input, other than by its Unicode form; nothing where none has. */
export function renamedNotices(columns: readonly { given: string; stored: string }[]): string[] {
  const renamed = columns.filter(({ given, stored }) => given.normalize("NFC") !== stored);
  if (renamed.length === 0) return [];
  const shown = renamed.slice(0, SHOWN).map(({ given, stored }) => `${JSON.stringify(given)} as ${stored}`);
  const more = renamed.length > SHOWN ? ` and ${renamed.length - SHOWN} more` : "";
  return [`columns are stored in lower snake_case: ${shown.join(", ")}${more}`];
}
