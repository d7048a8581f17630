import { type Dirent, opendirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export interface PathChoice {
  /** The input after completion; folders end in `/`. */
  value: string;
  label: string;
  hint?: string;
}

/** Limit of names that are read: a folder of a million images must not freeze the question. */
const MOST_NAMES = 20_000;
const MOST_CHOICES = 200;

/**
 * Completes paths as they are typed: the typed path itself first where it exists (last where it does not: a new file,
 * a glob), and the names in its folder that go on from it, but for the folder `without`. Each folder is read once.
 */
export function createPathCompletion(without?: string): (typed: string) => PathChoice[] {
  const folders = new Map<string, Dirent[]>();
  const read = (folder: string) => {
    let entries = folders.get(folder);
    if (entries === undefined) {
      entries = readNames(expandHome(folder === "" ? "." : folder));
      folders.set(folder, entries);
    }
    return entries;
  };
  return (typed) => {
    const cut = typed.lastIndexOf("/") + 1;
    const folder = typed.slice(0, cut);
    const begun = typed.slice(cut).normalize("NFC").toLowerCase();
    const inside = read(folder)
      .filter((entry) => entry.name.normalize("NFC").toLowerCase().startsWith(begun))
      .filter((entry) => begun.startsWith(".") || !entry.name.startsWith("."))
      .filter(
        (entry) => without === undefined || resolve(expandHome(folder), entry.name) !== resolve(without),
      )
      .slice(0, MOST_CHOICES)
      .map((entry) => choice(folder, entry));
    if (typed === "") return inside;
    const kind = kindOf(typed);
    const itself = kind === "folder" && !typed.endsWith("/") ? `${typed}/` : typed;
    const others = inside.filter((one) => one.value !== itself);
    if (kind === undefined) return [...others, { value: typed, label: typed, hint: "as typed" }];
    return [
      { value: itself, label: itself, hint: kind === "folder" ? "this folder" : "this file" },
      ...others,
    ];
  };
}

/** Expands `~/scans` as the shell does. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

function choice(folder: string, entry: Dirent): PathChoice {
  const path = folder + entry.name;
  const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && kindOf(path) === "folder");
  const value = isFolder ? `${path}/` : path;
  return { value, label: isFolder ? `${entry.name}/` : entry.name };
}

function readNames(folder: string): Dirent[] {
  const names: Dirent[] = [];
  try {
    const opened = opendirSync(folder);
    try {
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
        names.push(entry);
        if (names.length >= MOST_NAMES) break;
      }
    } finally {
      opened.closeSync();
    }
  } catch {
    return []; // missing or not readable: nothing to complete
  }
  const folders = (entry: Dirent) => (entry.isDirectory() ? 0 : 1);
  return names.sort((a, b) => folders(a) - folders(b) || (a.name < b.name ? -1 : 1));
}

function kindOf(path: string): "folder" | "file" | undefined {
  try {
    return statSync(expandHome(path)).isDirectory() ? "folder" : "file";
  } catch {
    return undefined;
  }
}
