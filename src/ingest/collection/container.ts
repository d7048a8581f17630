import { AppError } from "../../errors.ts";
import { HEAD_BYTES } from "../../images/foreign.ts";
import { mapConcurrent } from "../../util/concurrent.ts";
import { formatCount } from "../../util/format.ts";
import { kindOf } from "../file-kinds.ts";
import { EntryProblem } from "../input.ts";
import type { FileSection } from "../zip/joined-file.ts";
import { isZipName } from "../zip/zip-parts.ts";
import type { FoundEntry } from "./archive-files.ts";
import { createZipList, type FoundZip } from "./found-zips.ts";

/** Each is listed, and may have as many entries as any zip. */
const MAX_ZIPS = 1000;
const AT_ONCE = 32;

/** The zip that a client made of the files that it gives: zips among them are read where they are stored in it. */
export interface Container {
  /**
   * Takes the zips of some entries, and gives the other entries. Throws `unsupported_format` for one that is packed or
   * encrypted, `invalid_input` for one that is not there.
   */
  takeZips(entries: readonly FoundEntry[]): Promise<FoundEntry[]>;
  /**
   * The zips that were taken, at most 1,000. Throws `invalid_input` where bytes are of two of them: each of a million could be
   * the same zip of a million entries.
   */
  zips(): Promise<FoundZip[]>;
}

/** `path` is that of the container, for messages. */
export function createContainer(path: string): Container {
  const zips = createZipList();
  const sections: FileSection[] = [];
  const refused = (why: string) => new AppError("invalid_input", `${path} ${why}`, { details: { path } });
  return {
    async takeZips(entries) {
      const areZips = await mapConcurrent(entries, AT_ONCE, isZip);
      const packed = entries.filter((_, at) => areZips[at]);
      if (sections.length + packed.length > MAX_ZIPS) {
        const limit = formatCount(MAX_ZIPS);
        throw refused(`has more than ${limit} zips; send them in several uploads with mode append`);
      }
      for (const entry of packed) {
        const local = await entry.place();
        sections.push(local);
        zips.add({ path: entry.path, local }, isGiven(entry) ? sections.length : 0);
      }
      return entries.filter((_, at) => !areZips[at]);
    },
    async zips() {
      sections.sort((a, b) => a.begin - b.begin);
      if (sections.some(({ begin }, at) => begin < (sections[at - 1]?.end ?? 0)))
        throw refused("is a damaged zip: files in it lie over each other; pack it again");
      return zips.ordered();
    },
  };
}

/** What lies in no folder was given by itself. */
function isGiven({ path }: FoundEntry): boolean {
  return !path.includes("/");
}

/** By its name; what is given by itself also by its content, as on a disk. */
async function isZip(entry: FoundEntry): Promise<boolean> {
  if (isZipName(entry.path)) return true;
  if (!isGiven(entry)) return false;
  const kind = await kindOf(entry.path, () =>
    entry.readHead(HEAD_BYTES).catch((error) => {
      if (error instanceof EntryProblem) return undefined;
      throw error;
    }),
  );
  return typeof kind === "object" && kind.name === "ZIP";
}
