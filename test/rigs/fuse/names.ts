/** What makes, removes and moves names. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { type Context, canonicalName, entryOf, findChild, lstat, nodeOf, pathOf } from "./context.ts";
import { makeNode, renameNoReplace } from "./device.ts";
import { fail } from "./failure.ts";
import { own } from "./files.ts";
import { loserError } from "./losers.ts";
import type { Node } from "./nodes.ts";
import { encodeDirectory, encodeOpen, namesIn, OP, type Request } from "./protocol.ts";

const NOTHING = Buffer.alloc(0);

/** Where a name that is asked for lies in the backing folder. */
interface Place {
  parent: Node;
  name: string;
  path: string;
}

function placeOf(context: Context, parentId: number, asked: string): Place {
  const parent = nodeOf(context, parentId);
  const folder = pathOf(context, parent);
  if (context.traits.ignoresCase && asked.includes("\\")) fail("EINVAL");
  const name = canonicalName(context, folder, asked);
  return { parent, name, path: join(folder, name) };
}

export function lookup(context: Context, { nodeId, body }: Request): Buffer {
  const [name = ""] = namesIn(body, 0);
  return entryOf(context, findChild(context, nodeOf(context, nodeId), name));
}

export function mkdir(context: Context, { nodeId, uid, gid, body }: Request): Buffer {
  const place = placeOf(context, nodeId, namesIn(body, 8)[0] ?? "");
  if (lstat(place.path) !== undefined) loserError(context, place.parent, place.name);
  mkdirSync(place.path, body.readUInt32LE(0) & 0o7777);
  own(context, place.path, join(place.path, ".."), uid, gid);
  context.table.forgetName(place.parent, place.name);
  return entryOf(context, findChild(context, place.parent, place.name));
}

export function link(context: Context, { nodeId, body }: Request): Buffer {
  if (context.traits.linkError !== undefined) fail(context.traits.linkError);
  const from = pathOf(context, nodeOf(context, Number(body.readBigUInt64LE(0))));
  const place = placeOf(context, nodeId, namesIn(body, 8)[0] ?? "");
  if (place.parent.children.get(place.name)?.ending === "doomed") fail("EBUSY");
  if (lstat(place.path) !== undefined) loserError(context, place.parent, place.name);
  linkSync(from, place.path);
  context.table.forgetName(place.parent, place.name);
  return entryOf(context, findChild(context, place.parent, place.name));
}

export function symlink(context: Context, { nodeId, uid, gid, body }: Request): Buffer {
  if (context.traits.plainFilesOnly) fail("EOPNOTSUPP");
  const [name = "", target = ""] = namesIn(body, 0);
  const place = placeOf(context, nodeId, name);
  symlinkSync(target, place.path);
  own(context, place.path, join(place.path, ".."), uid, gid);
  context.table.forgetName(place.parent, place.name);
  return entryOf(context, findChild(context, place.parent, place.name));
}

export function readlink(context: Context, { nodeId }: Request): Buffer {
  return Buffer.from(readlinkSync(pathOf(context, nodeOf(context, nodeId))));
}

const IS_FILE = 0o100000;

/** FIFOs and sockets; what opens a file makes it by `create`. */
export function mknod(context: Context, { nodeId, uid, gid, body }: Request): Buffer {
  const mode = body.readUInt32LE(0);
  if (context.traits.plainFilesOnly && (mode & 0o170000) !== IS_FILE) fail("EPERM");
  const place = placeOf(context, nodeId, namesIn(body, 16)[0] ?? "");
  if (lstat(place.path) !== undefined) loserError(context, place.parent, place.name);
  makeNode(place.path, mode);
  own(context, place.path, join(place.path, ".."), uid, gid);
  context.table.forgetName(place.parent, place.name);
  return entryOf(context, findChild(context, place.parent, place.name));
}

export function unlink(context: Context, { nodeId, body }: Request): Buffer {
  const place = placeOf(context, nodeId, namesIn(body, 0)[0] ?? "");
  context.table.forgetName(place.parent, place.name);
  const node = place.parent.children.get(place.name);
  if (node?.ending === "doomed") fail("ENOENT");
  if (setAside(context, node) === undefined) unlinkSync(place.path);
  return NOTHING;
}

/** Lets go of the name of what is about to be removed; tells how an opener keeps what it names. */
function setAside(context: Context, node: Node | undefined): Node["ending"] {
  if (node === undefined) return undefined;
  if (node.fds.size > 0 && context.traits.doomsOpenTargets) {
    node.ending = "doomed";
    return node.ending;
  }
  if (node.fds.size > 0 && context.traits.hidesOpenFiles && node.parent !== undefined) {
    const hidden = `.fuse_hidden${node.id.toString(16).padStart(16, "0")}`;
    const from = pathOf(context, node);
    renameSync(from, join(from, "..", hidden));
    context.table.move(node, node.parent, hidden);
    node.ending = "hidden";
    return node.ending;
  }
  context.table.detach(node);
  return undefined;
}

export function rmdir(context: Context, { nodeId, body }: Request): Buffer {
  const place = placeOf(context, nodeId, namesIn(body, 0)[0] ?? "");
  rmdirSync(place.path);
  context.table.forgetName(place.parent, place.name);
  const node = place.parent.children.get(place.name);
  if (node !== undefined) context.table.detach(node);
  return NOTHING;
}

const NO_REPLACE = 1;

/** A rename that is asked for, with its names as the client gave them. */
export interface Rename {
  fromParent: number;
  from: string;
  toParent: number;
  to: string;
  flags: number;
}

export function decodeRename({ opcode, nodeId, body }: Request): Rename {
  const withFlags = opcode === OP.rename2;
  const [from = "", to = ""] = namesIn(body, withFlags ? 16 : 8);
  const flags = withFlags ? body.readUInt32LE(8) : 0;
  return { fromParent: nodeId, from, toParent: Number(body.readBigUInt64LE(0)), to, flags };
}

export function rename(context: Context, request: Request): Buffer {
  const { table, traits } = context;
  const asked = decodeRename(request);
  const { flags } = asked;
  if (flags !== 0 && (flags !== NO_REPLACE || traits.refusesNoReplace)) fail("EINVAL");
  const from = placeOf(context, asked.fromParent, asked.from);
  const to = placeOf(context, asked.toParent, asked.to);
  const node = from.parent.children.get(from.name) ?? findChild(context, from.parent, from.name);
  const target = to.parent.children.get(to.name);
  if (node === undefined || node.ending === "doomed") fail("ENOENT");
  if (target?.ending === "doomed") fail("EACCES");
  if (traits.keepsBusyFolders && node.isDirectory && table.isBusy(node)) fail("EACCES");
  if (flags === NO_REPLACE) renameNoReplace(from.path, to.path);
  else {
    if (target !== undefined && target !== node && !target.isDirectory && lstat(from.path) !== undefined)
      if (setAside(context, target) === "doomed") fail("EACCES");
    renameSync(from.path, to.path);
  }
  table.forgetName(from.parent, from.name);
  table.forgetName(to.parent, to.name);
  table.move(node, to.parent, to.name);
  node.seen = undefined;
  return NOTHING;
}

/** DT_DIR and so on, from the bits of a mode. */
const typeOf = (mode: bigint) => Number((mode & 0o170000n) >> 12n);

export function opendir(context: Context, { nodeId }: Request): Buffer {
  const node = nodeOf(context, nodeId);
  const path = pathOf(context, node);
  const now = performance.now();
  if (node.listing === undefined || now - node.listing.readAt >= context.traits.staleMs)
    node.listing = { names: readdirSync(path), readAt: now };
  const entries = [".", "..", ...node.listing.names].flatMap((name) => {
    const stats = lstat(join(path, name));
    // What is gone since is listed all the same, until the listing is read anew.
    return [{ name, ino: stats?.ino ?? 1n, type: typeOf(stats?.mode ?? 0n) }];
  });
  const handle = context.nextListing++;
  context.listings.set(handle, entries);
  return encodeOpen(handle);
}

export function readdir(context: Context, { body }: Request): Buffer {
  const entries = context.listings.get(Number(body.readBigUInt64LE(0))) ?? fail("EBADF");
  return encodeDirectory(entries, Number(body.readBigUInt64LE(8)), body.readUInt32LE(16));
}

export function releasedir(context: Context, { body }: Request): Buffer {
  context.listings.delete(Number(body.readBigUInt64LE(0)));
  return NOTHING;
}

export function fsyncdir(context: Context, { nodeId }: Request): Buffer {
  const folder = openSync(pathOf(context, nodeOf(context, nodeId)), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
  return NOTHING;
}
