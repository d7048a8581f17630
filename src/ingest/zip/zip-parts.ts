import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../../errors.ts";
import { type FilePlace, placeSize } from "./joined-file.ts";

/** `a.zip.part0`, `a.zip.part1073741824` (where it begins, as AI-Hub names them), `a.zip.001`. */
const PART = /^(.*\.zip)\.(?:part)?(\d+)$/is;

/** The zip that a file is a part of, by its name. */
export function wholeOf(path: string): string | undefined {
  return PART.exec(path)?.[1];
}

export function isZipName(path: string): boolean {
  return /\.(zip|cbz)$/i.test(path) || wholeOf(path) !== undefined;
}

export interface ZipPart {
  path: string;
  local: FilePlace;
}

/**
 * The parts of a zip in the order in which they are joined. Throws `invalid_input` where their numbers say that one is
 * missing.
 */
export async function orderParts(whole: string, parts: readonly ZipPart[]): Promise<ZipPart[]> {
  const numbered = await Promise.all(
    parts.map(async (part) => ({
      part,
      number: Number(PART.exec(part.path)?.[2]),
      sizeBytes: await placeSize(part.local),
    })),
  );
  numbered.sort((a, b) => a.number - b.number);
  const first = numbered[0]?.number;
  let begin = 0;
  const begins = numbered.map(({ sizeBytes }) => {
    begin += sizeBytes;
    return begin - sizeBytes;
  });
  const areCounted =
    (first === 0 || first === 1) && numbered.every(({ number }, at) => number === first + at);
  const areOffsets = numbered.every(({ number }, at) => number === begins[at]);
  if (areCounted || areOffsets) return numbered.map(({ part }) => part);
  const at = numbered.findIndex(
    ({ number }, index) => number !== begins[index] && number !== (first ?? 0) + index,
  );
  const before = numbered[Math.max(0, at - 1)]?.part.path ?? whole;
  const message =
    first !== 0 && first !== 1
      ? `the first part of ${whole} is missing; put all its parts into one folder`
      : `a part of ${whole} is missing behind ${basename(before)}, or was not copied whole; copy it again`;
  throw new AppError("invalid_input", message, { details: { path: whole } });
}

/** All parts beside one that was given. */
export async function siblingParts(path: string): Promise<ZipPart[]> {
  const [folder, whole] = [dirname(path), wholeOf(path)];
  const names = await readdir(folder);
  return names
    .map((name) => join(folder, name))
    .filter((other) => wholeOf(other) === whole)
    .map((other) => ({ path: other, local: other }));
}
