import { dirname } from "node:path";
import { formatQuantity } from "../util/format.ts";
import { isLeftover } from "./leftovers.ts";

/** What one path names. */
export interface NamedPath {
  /** Absolute, as given. */
  path: string;
  isFolder: boolean;
  /** What it names: itself, or what a glob matches. */
  files: string[];
}

/** Leaves out what is named a second time: a path, or one in a folder that is named too; gives how many and the first. */
export function withoutRepeated(named: readonly NamedPath[]): { named: NamedPath[]; notices: string[] } {
  const folders = new Set(named.flatMap(({ path, isFolder }) => (isFolder ? [path] : [])));
  const taken = new Set<string>();
  const repeated: string[] = [];
  const isNew = (file: string) => {
    const isRepeated = taken.has(file) || isWithin(file, folders);
    if (isRepeated) repeated.push(file);
    else taken.add(file);
    return !isRepeated;
  };
  const kept = named
    .map((one) => ({ ...one, files: one.files.filter(isNew) }))
    .filter(({ files }) => files.length > 0);
  const [first] = repeated;
  const notices =
    first === undefined
      ? []
      : [
          `${formatQuantity(repeated.length, "path")} given more than once ${repeated.length === 1 ? "is" : "are"} taken once: ${first}${repeated.length > 1 ? "..." : ""}`,
        ];
  return { named: kept, notices };
}

/** What a folder leaves out, such as hidden files, is not repeated by it. */
function isWithin(path: string, folders: ReadonlySet<string>): boolean {
  for (let at = path, isItself = true; dirname(at) !== at; at = dirname(at), isItself = false) {
    if (isLeftover(at.slice(dirname(at).length).replace("/", ""), !isItself)) return false;
    if (folders.has(dirname(at))) return true;
  }
  return false;
}
