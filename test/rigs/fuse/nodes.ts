import { join } from "node:path";
import type { Attributes } from "./protocol.ts";

/** What the kernel knows by a number: a path, and what lay there when it was looked up. */
export interface Node {
  id: number;
  /** Undefined for the root, and for what has no name any more. */
  parent: Node | undefined;
  name: string;
  /** In the backing folder. */
  ino: bigint;
  isDirectory: boolean;
  children: Map<string, Node>;
  /** Files of the backing folder that are open through this node. */
  fds: Set<number>;
  /** Removed when the last of these is closed. */
  ending: "doomed" | "hidden" | undefined;
  /** Attributes, until this mount itself changes the file. */
  seen: { attributes: Attributes; at: number } | undefined;
  /** Of a folder: names that were not there, and when. */
  missing: Map<string, number>;
  listing: { names: string[]; readAt: number } | undefined;
}

export const ROOT_ID = 1;

/** The nodes of one mount. None is forgotten while it has a name: its number, and so its inode, stays. */
export class NodeTable {
  readonly #nodes = new Map<number, Node>();
  readonly #backing: string;
  #nextId = ROOT_ID;

  constructor(backing: string) {
    this.#backing = backing;
    this.create(undefined, "", 0n, true);
  }

  get(id: number): Node | undefined {
    return this.#nodes.get(id);
  }

  create(parent: Node | undefined, name: string, ino: bigint, isDirectory: boolean): Node {
    const node: Node = {
      id: this.#nextId++,
      parent,
      name,
      ino,
      isDirectory,
      children: new Map(),
      fds: new Set(),
      ending: undefined,
      seen: undefined,
      missing: new Map(),
      listing: undefined,
    };
    this.#nodes.set(node.id, node);
    parent?.children.set(name, node);
    return node;
  }

  /** This mount itself changed this name of the folder. */
  forgetName(parent: Node, name: string): void {
    parent.listing = undefined;
    parent.missing.delete(name);
  }

  /** Takes its name away; whoever has it open goes on with that. */
  detach(node: Node): void {
    if (node.parent?.children.get(node.name) === node) node.parent.children.delete(node.name);
    node.parent = undefined;
  }

  move(node: Node, parent: Node, name: string): void {
    this.detach(node);
    const replaced = parent.children.get(name);
    if (replaced !== undefined) this.detach(replaced);
    node.parent = parent;
    node.name = name;
    parent.children.set(name, node);
  }

  /** Where it lies in the backing folder; undefined when it has no name any more. */
  pathOf(node: Node): string | undefined {
    if (node.id === ROOT_ID) return this.#backing;
    const parent = node.parent && this.pathOf(node.parent);
    return parent === undefined ? undefined : join(parent, node.name);
  }

  /** Whether a file below it is open. */
  isBusy(node: Node): boolean {
    return [...node.children.values()].some((child) => child.fds.size > 0 || this.isBusy(child));
  }
}
