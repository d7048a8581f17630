import { type Entry, fromRandomAccessReaderPromise, type ZipFile } from "yauzl";
import { AppError, systemCode } from "../../errors.ts";
import { formatCount } from "../../util/format.ts";
import { entryName, findEncoding, hasOpenEncoding, type NameEncoding, nameProblem } from "./entry-name.ts";
import { type FilePlace, type JoinedFile, joinFiles } from "./joined-file.ts";
import type { OpenFiles } from "./open-files.ts";

export const MAX_ENTRIES = 1_000_000;
/** More is no compression of data that people keep. */
export const MAX_RATIO = 200;
/** Small entries may be packed as tightly as they like; of a whole zip ten times as much. */
export const RATIO_FREE_BYTES = 10_000_000;

/** What the list of a zip says of one of its files. */
export interface ZipEntry {
  /** Composed (NFC), with / between folders. */
  name: string;
  headerBegin: number;
  packedBytes: number;
  sizeBytes: number;
  method: number;
  flags: number;
  crc32: number;
}

/** An open zip. */
export interface Archive {
  /** As it stands in messages: its path in the input. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Its files as it lists them, once; throws `invalid_input` where the list is damaged or has what nobody should unpack. */
  list(): AsyncGenerator<ZipEntry>;
  readonly zip: ZipFile;
  readonly file: JoinedFile;
}

/**
 * Opens a zip, of one file or of parts that are joined; messages name it by its path in the input. It is read through
 * `files` as long as those are open. Throws `invalid_input` for what is none.
 */
export async function openArchive(
  path: string,
  parts: readonly FilePlace[],
  files: OpenFiles,
): Promise<Archive> {
  const advice = parts.length > 1 ? COPY_PARTS : COPY;
  const file = await joinFiles(parts, files);
  try {
    const zip = await openZip(file);
    if (zip.entryCount > MAX_ENTRIES) {
      throw new AppError(
        "invalid_input",
        `${path} has ${formatCount(zip.entryCount)} entries; the limit is ${formatCount(MAX_ENTRIES)}`,
        { details: { path } },
      );
    }
    return {
      name: path,
      sizeBytes: file.sizeBytes,
      list: () => listEntries({ path, advice }, zip, file),
      zip,
      file,
    };
  } catch (error) {
    throw asDamage({ path, advice }, error);
  }
}

const COPY = "copy it again";
const COPY_PARTS = "copy its parts again, and look whether the last one is there";

async function openZip(file: JoinedFile, end = file.sizeBytes): Promise<ZipFile> {
  try {
    return await fromRandomAccessReaderPromise(file, end, {
      decodeStrings: false,
      // Of one entry it would end the list: each is proved when it is read.
      validateEntrySizes: false,
      autoClose: false,
    });
  } catch (error) {
    const surplus = surplusBytes(error);
    if (surplus <= 0) throw error;
    return openZip(file, end - surplus);
  }
}

/** Bytes behind the end of a zip, as some downloads and copies leave them: other tools read past them too. */
function surplusBytes(error: unknown): number {
  const [, behind, comment] = /comment length\. Expected: (\d+)\. Found: (\d+)/.exec(String(error)) ?? [];
  return Number(behind ?? 0) - Number(comment ?? 0);
}

/** The names of which the zip does not say their encoding, in a pass of their own: all of them decide on it. */
async function* openNames(file: JoinedFile): AsyncGenerator<Uint8Array> {
  const zip = await openZip(file);
  for await (const entry of zip.eachEntry()) if (hasOpenEncoding(entry)) yield entry.fileNameRaw;
}

/** What messages say of a zip. */
interface Named {
  path: string;
  advice: string;
}

async function* listEntries(named: Named, zip: ZipFile, file: JoinedFile): AsyncGenerator<ZipEntry> {
  const { path } = named;
  let unpackedBytes = 0;
  let encoding: NameEncoding | undefined;
  try {
    for await (const entry of zip.eachEntry()) {
      if (encoding === undefined && hasOpenEncoding(entry)) encoding = await findEncoding(openNames(file));
      const entryPath = entryName(entry, encoding ?? "utf-8");
      const problem = nameProblem(entryPath);
      if (problem !== undefined) throw refused(path, `${path}: entry ${entryPath} ${problem}`);
      if (entryPath.endsWith("/") || entryPath === "" || isLink(entry)) continue;
      unpackedBytes += entry.uncompressedSize;
      if (unpackedBytes > 10 * RATIO_FREE_BYTES && unpackedBytes > MAX_RATIO * file.sizeBytes) {
        throw refused(path, `${path} unpacks to more than ${MAX_RATIO} times its size`);
      }
      yield {
        name: entryPath,
        headerBegin: entry.relativeOffsetOfLocalHeader,
        packedBytes: entry.compressedSize,
        sizeBytes: entry.uncompressedSize,
        method: entry.compressionMethod,
        flags: entry.generalPurposeBitFlag,
        crc32: entry.crc32,
      };
    }
  } catch (error) {
    throw asDamage(named, error);
  } finally {
    file.endList();
  }
}

/** A symbolic link of Unix: its content is a path, not the file. */
function isLink({ versionMadeBy, externalFileAttributes }: Entry): boolean {
  return versionMadeBy >> 8 === 3 && ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;
}

function refused(path: string, message: string): AppError {
  return new AppError("invalid_input", message, { details: { path } });
}

/** What the library throws of damaged bytes, as ours; errors of the system keep their names. */
function asDamage({ path, advice }: Named, error: unknown): unknown {
  if (error instanceof AppError || systemCode(error) !== undefined || !(error instanceof Error)) return error;
  const { message } = error;
  const said = message.startsWith("multi-disk")
    ? "is one part of a split zip; join it first, for example with `zip -s 0 IN.zip --out OUT.zip`"
    : /end of central directory|unexpected end/i.test(message)
      ? `is no zip, or not whole; ${advice}`
      : `is a damaged zip (${message}); ${advice}`;
  return new AppError("invalid_input", `${path} ${said}`, { details: { path }, cause: error });
}
