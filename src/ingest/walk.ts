import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { isLeftover } from "./leftovers.ts";
import { joinLocal, type LocalPath, legacyNames, utf8Name } from "./legacy-names.ts";

/** A file below a folder. */
export interface WalkedFile {
  /** Relative to the folder, as text; `findLocalFile` finds the file by it. */
  path: string;
  local: LocalPath;
}

interface Entry {
  name: string;
  local: LocalPath;
  kind: "file" | "folder" | "link" | "other";
}

/** The path of a walked file for those that take only text. Throws `invalid_input` where it is no UTF-8. */
export function utf8Path({ path, local }: WalkedFile): string {
  if (typeof local === "string") return local;
  throw new AppError(
    "invalid_input",
    `the name of ${path} is not UTF-8 on the disk; rename it, and its parent folders`,
    {
      details: { path },
    },
  );
}

/**
 * Files below a folder, sorted folder by folder; hidden ones and what systems leave behind are left out. One folder
 * is held at a time. A linked folder is gone through as if it stood there, once, unless it is in the folder itself:
 * its files come anyway. A link that leads nowhere is given as a file.
 */
export async function* walkFiles(
  folder: string,
  onLeftover: (path: string) => void = () => {},
): AsyncGenerator<WalkedFile> {
  const root = await realpath(folder);
  const followed = [root];
  async function* walk(local: LocalPath, below: string): AsyncGenerator<WalkedFile> {
    for (const entry of await listFolder(local)) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      const linksTo = entry.kind === "link" ? await targetOf(entry.local) : undefined;
      const isFolder = entry.kind === "folder" || linksTo !== undefined;
      if (isLeftover(entry.name, isFolder)) {
        if (isFolder && !entry.name.startsWith(".")) onLeftover(path);
        continue;
      }
      if (linksTo !== undefined) {
        if (isWithin(root, linksTo) || followed.some((seen) => isWithin(linksTo, seen))) continue;
        followed.push(linksTo);
      }
      if (isFolder) yield* walk(entry.local, path);
      else if (entry.kind !== "other") yield { path, local: entry.local };
    }
  }
  yield* walk(folder, "");
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? folder : `${folder}/`);
}

/** The real path of the folder that a link leads to; undefined where it leads to a file, or nowhere. */
async function targetOf(link: LocalPath): Promise<string | undefined> {
  try {
    if (!(await stat(link)).isDirectory()) return undefined;
    return await realpath(link);
  } catch {
    return undefined;
  }
}

async function listFolder(folder: LocalPath): Promise<Entry[]> {
  const entries = typeof folder === "string" ? await readdir(folder, { withFileTypes: true }) : undefined;
  const found =
    entries === undefined || entries.some(({ name }) => name.includes("\ufffd"))
      ? await listBytes(folder)
      : entries.map((entry) => ({
          name: entry.name,
          local: joinLocal(folder, entry.name),
          kind: kindOf(entry),
        }));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Entries of a folder with names that are no UTF-8. Two that would be known by one text are kept apart. */
async function listBytes(folder: LocalPath): Promise<Entry[]> {
  const names = (await readdir(folder, { encoding: "buffer" })) as Buffer[];
  const taken = new Set<string>();
  const found: Entry[] = [];
  const add = async (name: string, bytes: LocalPath) => {
    taken.add(name.normalize("NFC"));
    const local = joinLocal(folder, bytes);
    found.push({ name, local, kind: kindOf(await lstat(local)) });
  };
  const legacy: Buffer[] = [];
  for (const bytes of names) {
    const text = utf8Name(bytes);
    if (text === undefined) legacy.push(bytes);
    else await add(text, text);
  }
  for (const bytes of legacy) {
    const name = legacyNames(bytes).find((text) => !taken.has(text.normalize("NFC")));
    if (name !== undefined) await add(name, bytes);
  }
  return found;
}

function kindOf(facts: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}): Entry["kind"] {
  if (facts.isDirectory()) return "folder";
  if (facts.isSymbolicLink()) return "link";
  return facts.isFile() ? "file" : "other";
}
