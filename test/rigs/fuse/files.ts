/** What is done through an open file, or makes one. */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  ftruncateSync,
  lchownSync,
  openSync,
  readSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  attributesOf,
  type Context,
  canonicalName,
  entryOf,
  findChild,
  lstat,
  nodeOf,
  pathOf,
} from "./context.ts";
import { fail } from "./failure.ts";
import { loserError } from "./losers.ts";
import type { Node } from "./nodes.ts";
import { encodeAttributes, encodeOpen, namesIn, type Request } from "./protocol.ts";

/** Flags that the backing folder's file is not opened with. */
const DROPPED = constants.O_DIRECT | constants.O_NOFOLLOW | constants.O_CREAT | constants.O_EXCL;

function flagsOf({ traits }: Context, flags: number): number {
  return flags & ~(DROPPED | (traits.plainFilesOnly ? constants.O_APPEND : 0));
}

export function open(context: Context, { nodeId, body }: Request): Buffer {
  const node = nodeOf(context, nodeId);
  if (node.ending === "doomed") fail("ENOENT");
  const path = context.table.pathOf(node);
  const [opened] = node.fds;
  const isOther = path === undefined || (context.traits.oldWhileOpen && lstat(path)?.ino !== node.ino);
  const isOpen = [...context.open.values()].some((other) => other !== node && other.ino === node.ino);
  if (isOpen && context.traits.opensOneName) fail("EINVAL");
  const from = isOther && opened !== undefined ? `/proc/self/fd/${opened}` : path;
  return encodeOpen(
    keep(context, node, openSync(from ?? fail("ESTALE"), flagsOf(context, body.readUInt32LE(0)))),
  );
}

function keep(context: Context, node: Node, file: number): number {
  context.open.set(file, node);
  node.fds.add(file);
  return file;
}

export function create(context: Context, { nodeId, uid, gid, body }: Request): Buffer {
  const parent = nodeOf(context, nodeId);
  const folder = pathOf(context, parent);
  const [name = ""] = namesIn(body, 16);
  const there = canonicalName(context, folder, name);
  if (parent.children.get(there)?.ending === "doomed") fail("EBUSY");
  const path = join(folder, there);
  const asked = body.readUInt32LE(0);
  const before = lstat(path);
  if (before !== undefined && asked & constants.O_EXCL) loserError(context, parent, there);
  const mode = context.traits.fixedModes
    ? body.readUInt32LE(4) & 0o200
      ? 0o644
      : 0o444
    : body.readUInt32LE(4);
  const flags = flagsOf(context, asked) | constants.O_CREAT | (asked & constants.O_EXCL);
  const file = openSync(path, flags, mode & 0o7777);
  if (before === undefined) own(context, path, folder, uid, gid);
  context.table.forgetName(parent, there);
  const node = findChild(context, parent, there) ?? fail("ESTALE");
  keep(context, node, file);
  return Buffer.concat([entryOf(context, node), encodeOpen(file)]);
}

/** What is new belongs to who asked for it; the group is the folder's where that says so. */
export function own({ traits }: Context, path: string, folder: string, uid: number, gid: number): void {
  if (traits.fixedModes) return;
  const { mode, gid: folderGid } = lstat(folder) ?? fail("ENOENT");
  lchownSync(path, uid, mode & 0o2000n ? Number(folderGid) : gid);
}

export function read(_context: Context, { body }: Request): Buffer {
  const file = Number(body.readBigUInt64LE(0));
  const bytes = Buffer.alloc(body.readUInt32LE(16));
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, Number(body.readBigUInt64LE(8))));
}

export function write(context: Context, { body }: Request): Buffer {
  const file = Number(body.readBigUInt64LE(0));
  const node = context.open.get(file);
  if (node !== undefined) node.seen = undefined;
  const size = body.readUInt32LE(16);
  const out = Buffer.alloc(8);
  out.writeUInt32LE(writeSync(file, body, 40, size, Number(body.readBigUInt64LE(8))), 0);
  return out;
}

export function fsync(_context: Context, { body }: Request): Buffer {
  fsyncSync(Number(body.readBigUInt64LE(0)));
  return Buffer.alloc(0);
}

export function release(context: Context, { body }: Request): Buffer {
  const file = Number(body.readBigUInt64LE(0));
  const node = context.open.get(file);
  context.open.delete(file);
  closeSync(file);
  node?.fds.delete(file);
  if (node?.ending !== undefined && node.fds.size === 0) removeAtLast(context, node);
  return Buffer.alloc(0);
}

/** What was removed while it was open. */
function removeAtLast(context: Context, node: Node): void {
  const path = context.table.pathOf(node);
  const { parent } = node;
  context.table.detach(node);
  if (path === undefined || lstat(path)?.ino !== node.ino) return;
  unlinkSync(path);
  if (parent !== undefined) context.table.forgetName(parent, node.name);
}

const MODE = 1 << 0;
const UID = 1 << 1;
const GID = 1 << 2;
const SIZE = 1 << 3;
const ATIME = 1 << 4;
const MTIME = 1 << 5;
const HANDLE = 1 << 6;

export function setattr(context: Context, { nodeId, body }: Request): Buffer {
  const node = nodeOf(context, nodeId);
  const valid = body.readUInt32LE(0);
  const [opened] = node.fds;
  const file = valid & HANDLE ? Number(body.readBigUInt64LE(8)) : opened;
  const named = context.table.pathOf(node);
  const path = named ?? (file === undefined ? fail("ESTALE") : `/proc/self/fd/${file}`);
  if (valid & SIZE) {
    const size = Number(body.readBigUInt64LE(16));
    if (valid & HANDLE && file !== undefined) ftruncateSync(file, size);
    else truncateSync(path, size);
  }
  if (valid & MODE) changeMode(context, path, named === undefined ? file : undefined, body.readUInt32LE(68));
  if (valid & (UID | GID) && !context.traits.fixedModes && named !== undefined) {
    const stats = lstat(path) ?? fail("ENOENT");
    lchownSync(
      path,
      valid & UID ? body.readUInt32LE(76) : Number(stats.uid),
      valid & GID ? body.readUInt32LE(80) : Number(stats.gid),
    );
  }
  if (valid & (ATIME | MTIME)) {
    const stats = attributesOf(context, node);
    const time = (bit: number, at: number, before: bigint) =>
      valid & bit
        ? Number(body.readBigUInt64LE(32 + at * 8)) + body.readUInt32LE(56 + at * 4) / 1e9
        : Number(before) / 1e9;
    utimesSync(path, time(ATIME, 0, stats.atimeNs), time(MTIME, 1, stats.mtimeNs));
  }
  return encodeAttributes(attributesOf(context, node), context.traits.staleMs);
}

function changeMode({ traits }: Context, path: string, file: number | undefined, mode: number): void {
  if (traits.fixedModes && mode & 0o200) return;
  const kept = traits.fixedModes ? 0o444 : mode & 0o7777;
  if (traits.fixedModes && lstat(path)?.isDirectory()) return;
  if (file === undefined) chmodSync(path, kept);
  else fchmodSync(file, kept);
}
