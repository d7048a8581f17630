import { type BigIntStats, fstatSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fail } from "./failure.ts";
import type { Node, NodeTable } from "./nodes.ts";
import { type Attributes, encodeEntry } from "./protocol.ts";
import type { Traits } from "./traits.ts";

/** A mounted file system. */
export interface Context {
  backing: string;
  traits: Traits;
  table: NodeTable;
  /** What is open, by its file in the backing folder, which is its handle as well. */
  open: Map<number, Node>;
  /** Folders that are being read, by handle. */
  listings: Map<number, { name: string; ino: bigint; type: number }[]>;
  nextListing: number;
  /** Losers of races so far. */
  losers: number;
}

export function lstat(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

export function nodeOf(context: Context, id: number): Node {
  return context.table.get(id) ?? fail("ESTALE");
}

export function pathOf(context: Context, node: Node): string {
  return context.table.pathOf(node) ?? fail("ESTALE");
}

/** The name as it stands in the folder, where case is ignored. */
export function canonicalName(context: Context, folder: string, name: string): string {
  if (!context.traits.ignoresCase || lstat(join(folder, name)) !== undefined) return name;
  const folded = name.toLowerCase();
  return readdirSync(folder).find((other) => other.toLowerCase() === folded) ?? name;
}

/** The node at a name; undefined when nothing is there, or what is there is doomed. */
export function findChild(context: Context, parent: Node, name: string): Node | undefined {
  const { table, traits } = context;
  const missedAt = parent.missing.get(name);
  if (missedAt !== undefined && performance.now() - missedAt < traits.staleMs) return undefined;
  const folder = pathOf(context, parent);
  const there = canonicalName(context, folder, name);
  const stats = lstat(join(folder, there));
  const known = parent.children.get(there);
  if (stats === undefined) {
    if (known !== undefined) table.detach(known);
    if (traits.staleMs > 0) parent.missing.set(name, performance.now());
    return undefined;
  }
  if (known?.ending === "doomed") return undefined;
  if (known !== undefined && isSame(traits, known, stats)) return known;
  if (known !== undefined) table.detach(known);
  return table.create(parent, there, stats.ino, stats.isDirectory());
}

function isSame(traits: Traits, node: Node, stats: BigIntStats): boolean {
  if (node.isDirectory !== stats.isDirectory()) return false;
  if (node.ino === stats.ino) return true;
  if (traits.oldWhileOpen && node.fds.size > 0) return true;
  if (traits.nodesByPath) node.ino = stats.ino;
  return traits.nodesByPath;
}

export function attributesOf(context: Context, node: Node): Attributes {
  const attributes = describe(context.traits, node, statsOf(context, node));
  node.seen = { attributes, at: performance.now() };
  return attributes;
}

/** As they were seen before, as long as this mount goes on with what it saw. */
export function knownAttributesOf(context: Context, node: Node): Attributes {
  const { seen } = node;
  const isFresh = seen !== undefined && performance.now() - seen.at < context.traits.staleMs;
  return isFresh ? seen.attributes : attributesOf(context, node);
}

function statsOf({ table, traits }: Context, node: Node): BigIntStats {
  const path = table.pathOf(node);
  const stats = path === undefined ? undefined : lstat(path);
  if (stats !== undefined && (node.ino === stats.ino || node.parent === undefined || traits.nodesByPath))
    return stats;
  const [open] = node.fds;
  return open === undefined ? fail("ESTALE") : fstatSync(open, { bigint: true });
}

const TYPE_BITS = 0o170000;

function describe(traits: Traits, node: Node, stats: BigIntStats): Attributes {
  const mode = Number(stats.mode);
  const fixed = traits.fixedModes;
  const whole = (time: bigint) => (traits.coarseAttributes ? time - (time % 1_000_000_000n) : time);
  return {
    ino: traits.ownInodes ? BigInt(node.id) : stats.ino,
    size: stats.size,
    blocks: stats.blocks,
    atimeNs: whole(stats.atimeNs),
    mtimeNs: whole(stats.mtimeNs),
    ctimeNs: whole(stats.ctimeNs),
    mode: fixed ? (mode & TYPE_BITS) | (mode & 0o200 ? 0o755 : 0o555) : mode,
    nlink: traits.coarseAttributes ? 1 : Number(stats.nlink),
    uid: fixed ? 0 : Number(stats.uid),
    gid: fixed ? 0 : Number(stats.gid),
  };
}

export function entryOf(context: Context, node: Node | undefined): Buffer {
  if (node === undefined) fail("ENOENT");
  return encodeEntry(node.id, attributesOf(context, node), context.traits.staleMs);
}
