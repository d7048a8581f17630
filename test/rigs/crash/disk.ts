import { descriptorOf } from "./strace.ts";

/**
 * One change of a disk. Those of names belong to folders, those of bytes to files; `ended` is the line of the log where
 * the call was over.
 */
export type Change = { ended: number } & (
  | { kind: "name"; folder: number; name: string; node: number; folderMode?: number }
  | { kind: "remove"; folder: number; name: string }
  | { kind: "move"; from: number; name: string; to: number; newName: string; node: number }
  | { kind: "write"; node: number; offset: number; bytes: Buffer }
  | { kind: "resize"; node: number; size: number }
  | { kind: "mode"; node: number; mode: number }
);

/** Makes what had ended before it `began` durable: of one file or folder, or all (`node` undefined). */
export interface Sync {
  node: number | undefined;
  began: number;
  ended: number;
}

export const ROOT = 0;

/** What calls did to everything below `root`, which was an empty folder. */
export class Disk {
  readonly changes: Change[] = [];
  readonly syncs: Sync[] = [];
  readonly #folders = new Map<number, Map<string, number>>([[ROOT, new Map()]]);
  readonly #contents = new Map<number, Buffer>();
  /** Where the next byte goes, by descriptor and file; -1 stands for the end. */
  readonly #offsets = new Map<string, number>();
  #nodes = 0;

  constructor(readonly root: string) {}

  inside(path: string): boolean {
    return path === this.root || path.startsWith(`${this.root}/`);
  }

  nodeOf(path: string): number | undefined {
    if (!this.inside(path)) return undefined;
    let node: number | undefined = ROOT;
    for (const name of path.slice(this.root.length).split("/").filter(Boolean)) {
      node = node === undefined ? undefined : this.#folders.get(node)?.get(name);
    }
    return node;
  }

  #placeOf(path: string): { folder: number; name: string } | undefined {
    const slash = path.lastIndexOf("/");
    const folder = this.nodeOf(path.slice(0, slash));
    return folder === undefined ? undefined : { folder, name: path.slice(slash + 1) };
  }

  #names(folder: number): Map<string, number> {
    const names = this.#folders.get(folder);
    if (!names) throw new Error("a file is used as a folder");
    return names;
  }

  #name(path: string, node: number, ended: number, folderMode?: number): void {
    const place = this.#placeOf(path);
    if (!place) return;
    this.#names(place.folder).set(place.name, node);
    this.changes.push({
      kind: "name",
      ...place,
      node,
      ended,
      ...(folderMode === undefined ? {} : { folderMode }),
    });
  }

  open(path: string, fd: number, flags: string, mode: number, ended: number): void {
    if (!this.inside(path)) return;
    if (flags.includes("O_TMPFILE")) throw new Error("a file without a name is not modelled");
    let node = this.nodeOf(path);
    if (node === undefined) {
      if (!flags.includes("O_CREAT")) return; // removed meanwhile
      node = ++this.#nodes;
      this.#contents.set(node, Buffer.alloc(0));
      this.#name(path, node, ended);
      this.changes.push({ kind: "mode", node, mode: mode & ~0o022, ended });
    } else if (flags.includes("O_TRUNC")) {
      this.resize(node, 0, ended);
    }
    this.#offsets.set(`${fd}:${node}`, flags.includes("O_APPEND") ? -1 : 0);
  }

  seek(descriptor: string, offset: number): void {
    const { fd, path } = descriptorOf(descriptor);
    const node = this.nodeOf(path);
    if (node !== undefined) this.#offsets.set(`${fd}:${node}`, offset);
  }

  /** Where a call without an offset begins, and moves on. */
  #advance(fd: number, node: number, size: number): number {
    const offset = this.#offsets.get(`${fd}:${node}`) ?? 0;
    if (offset < 0) return this.sizeOf(node);
    this.#offsets.set(`${fd}:${node}`, offset + size);
    return offset;
  }

  write(descriptor: string, bytes: Buffer, at: number | undefined, ended: number): void {
    const { fd, path } = descriptorOf(descriptor);
    const node = this.nodeOf(path);
    if (node === undefined || bytes.length === 0) return;
    const offset = at ?? this.#advance(fd, node, bytes.length);
    this.#contents.set(node, written(this.#contents.get(node), offset, bytes));
    this.changes.push({ kind: "write", node, offset, bytes: Buffer.from(bytes), ended });
  }

  copy(from: string, fromAt: string, to: string, toAt: string, size: number, ended: number): void {
    const target = descriptorOf(to);
    if (this.nodeOf(target.path) === undefined || size === 0) return;
    const source = descriptorOf(from);
    const node = this.nodeOf(source.path);
    if (node === undefined) throw new Error(`${source.path} is copied from outside of the recorded folder`);
    const start = offsetOf(fromAt) ?? this.#advance(source.fd, node, size);
    const bytes = this.#contents.get(node)?.subarray(start, start + size) ?? Buffer.alloc(0);
    this.write(to, bytes, offsetOf(toAt), ended);
  }

  sizeOf(node: number): number {
    return this.#contents.get(node)?.length ?? 0;
  }

  resize(node: number | undefined, size: number, ended: number): void {
    if (node === undefined) return;
    this.#contents.set(node, resized(this.#contents.get(node), size));
    this.changes.push({ kind: "resize", node, size, ended });
  }

  move(from: string, to: string, ended: number): void {
    const [source, target] = [this.#placeOf(from), this.#placeOf(to)];
    if (!source && !target) return;
    const node = source && this.#names(source.folder).get(source.name);
    if (!source || !target || node === undefined)
      throw new Error(`${from} is moved across the recorded folder's edge`);
    this.#names(source.folder).delete(source.name);
    this.#names(target.folder).set(target.name, node);
    const { folder, name } = source;
    this.changes.push({
      kind: "move",
      from: folder,
      name,
      to: target.folder,
      newName: target.name,
      node,
      ended,
    });
  }

  link(from: string, to: string, ended: number): void {
    if (!this.inside(to)) return;
    const node = this.nodeOf(from);
    if (node === undefined) throw new Error(`${from} is linked from outside of the recorded folder`);
    this.#name(to, node, ended);
  }

  remove(path: string, ended: number): void {
    const place = this.#placeOf(path);
    if (!place) return;
    this.#names(place.folder).delete(place.name);
    this.changes.push({ kind: "remove", ...place, ended });
  }

  makeFolder(path: string, mode: number, ended: number): void {
    // The root itself is made by whoever records.
    if (!this.inside(path) || path === this.root) return;
    const node = ++this.#nodes;
    this.#folders.set(node, new Map());
    this.#name(path, node, ended, mode & ~0o022);
  }

  mode(path: string, mode: string, ended: number): void {
    const node = this.nodeOf(path);
    if (node !== undefined) this.changes.push({ kind: "mode", node, mode: Number.parseInt(mode, 8), ended });
  }
}

function offsetOf(argument: string): number | undefined {
  const [, number] = /(\d+)/.exec(argument) ?? [];
  return argument === "NULL" || number === undefined ? undefined : Number(number);
}

export function written(content: Buffer | undefined, offset: number, bytes: Buffer): Buffer {
  const grown = resized(content, Math.max(content?.length ?? 0, offset + bytes.length));
  bytes.copy(grown, offset);
  return grown;
}

/** A copy of this size, filled up with zeros. */
export function resized(content: Buffer | undefined, size: number): Buffer {
  const made = Buffer.alloc(size);
  content?.copy(made, 0, 0, size);
  return made;
}
