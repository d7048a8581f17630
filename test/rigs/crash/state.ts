import { chmod, link, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Random } from "../random.ts";
import { type Change, type Disk, ROOT, resized, type Sync, written } from "./disk.ts";

/** What a disk holds: the files and folders by their path below the root. */
export interface State {
  folders: Map<string, number>;
  files: Map<string, { node: number; mode: number; bytes: Buffer }>;
}

/**
 * What may be on the disk after a crash at line `line` of the log. What was made durable is there; of the other changes
 * any may be, or of a write a part: so POSIX allows, and file systems on networks do it. A move is whole or not at all.
 */
export function crashState(disk: Pick<Disk, "changes" | "syncs">, line: number, random: Random): State {
  const syncs = disk.syncs.filter(({ ended }) => ended <= line);
  const keepName = random.pick([0, 0.3, 0.7, 1]);
  const keepBytes = random.pick([0, 0.3, 0.7, 1]);
  const kept: Change[] = [];
  for (const change of disk.changes) {
    if (change.ended > line) break;
    const ofBytes = change.kind === "write" || change.kind === "resize" || change.kind === "mode";
    if (syncs.some((sync) => isCovered(change, sync))) kept.push(change);
    else if (random.chance(ofBytes ? keepBytes : keepName)) kept.push(change);
    else if (change.kind === "write" && random.chance(0.5)) kept.push(torn(change, random));
  }
  return stateOf(kept);
}

function isCovered(change: Change, { node, began }: Sync): boolean {
  if (change.ended >= began) return false;
  if (node === undefined) return true;
  if (change.kind === "move") return change.from === node || change.to === node;
  return (change.kind === "name" || change.kind === "remove" ? change.folder : change.node) === node;
}

/** Its beginning alone, or zeros in its place. */
function torn(change: Change & { kind: "write" }, random: Random): Change {
  const { bytes } = change;
  if (random.chance(0.3)) return { ...change, bytes: Buffer.alloc(bytes.length) };
  return { ...change, bytes: bytes.subarray(0, random.below(bytes.length)) };
}

/** What changes make of an empty disk. */
export function stateOf(changes: Iterable<Change>): State {
  const names = new Map<number, Map<string, number>>();
  const folderModes = new Map<number, number>([[ROOT, 0o755]]);
  const modes = new Map<number, number>();
  const contents = new Map<number, Buffer>();
  const namesOf = (folder: number) => {
    const found = names.get(folder) ?? new Map<string, number>();
    names.set(folder, found);
    return found;
  };
  for (const change of changes) {
    if (change.kind === "name") {
      namesOf(change.folder).set(change.name, change.node);
      if (change.folderMode !== undefined) folderModes.set(change.node, change.folderMode);
    } else if (change.kind === "remove") {
      namesOf(change.folder).delete(change.name);
    } else if (change.kind === "move") {
      const source = namesOf(change.from);
      if (source.get(change.name) === change.node) source.delete(change.name);
      namesOf(change.to).set(change.newName, change.node);
    } else if (change.kind === "write") {
      contents.set(change.node, written(contents.get(change.node), change.offset, change.bytes));
    } else if (change.kind === "resize") {
      contents.set(change.node, resized(contents.get(change.node), change.size));
    } else {
      modes.set(change.node, change.mode);
    }
  }
  const state: State = { folders: new Map(), files: new Map() };
  const walk = (folder: number, path: string, above: readonly number[]) => {
    for (const [name, node] of names.get(folder) ?? []) {
      const place = join(path, name);
      const folderMode = folderModes.get(node);
      if (folderMode === undefined) {
        const bytes = contents.get(node) ?? Buffer.alloc(0);
        state.files.set(place, { node, mode: modes.get(node) ?? 0o644, bytes });
      } else if (!above.includes(node)) {
        state.folders.set(place, modes.get(node) ?? folderMode);
        walk(node, place, [...above, node]);
      }
    }
  };
  walk(ROOT, "", [ROOT]);
  return state;
}

/** Writes a state into an empty folder; names of one file become names of one file. */
export async function materialize(state: State, root: string): Promise<void> {
  for (const path of state.folders.keys()) await mkdir(join(root, path), { recursive: true });
  const first = new Map<number, string>();
  for (const [path, { node, mode, bytes }] of state.files) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    const other = first.get(node);
    if (other !== undefined) {
      await link(other, target);
      continue;
    }
    first.set(node, target);
    await writeFile(target, bytes);
    await chmod(target, mode);
  }
  for (const [path, mode] of state.folders) await chmod(join(root, path), mode);
}

/** The same text for the same state. */
export function fingerprint({ folders, files }: State): string {
  const hash = new Bun.CryptoHasher("sha256");
  for (const path of [...folders.keys()].sort()) hash.update(`${path}/\n`);
  for (const [path, { bytes }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${path} ${bytes.length}\n`).update(bytes);
  return hash.digest("hex");
}
