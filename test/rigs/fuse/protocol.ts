/** The messages of the kernel's FUSE protocol, version 7, as linux/fuse.h lays them out on a little-endian machine. */

export const OP = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  rename2: 45,
} as const;

export interface Request {
  opcode: number;
  unique: bigint;
  nodeId: number;
  uid: number;
  gid: number;
  body: Buffer;
}

const IN_HEADER_BYTES = 40;
export const OUT_HEADER_BYTES = 16;
export const MAX_WRITE_BYTES = 1 << 20;
/** A whole write with its headers. */
export const REQUEST_BYTES = MAX_WRITE_BYTES + (64 << 10);

export function decodeRequest(message: Buffer): Request {
  return {
    opcode: message.readUInt32LE(4),
    unique: message.readBigUInt64LE(8),
    nodeId: Number(message.readBigUInt64LE(16)),
    uid: message.readUInt32LE(24),
    gid: message.readUInt32LE(28),
    body: message.subarray(IN_HEADER_BYTES),
  };
}

/** An answer in one piece, as the device takes it; `errno` is positive, or 0. */
export function encodeReply(unique: bigint, errno: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const reply = Buffer.alloc(OUT_HEADER_BYTES + body.length);
  reply.writeUInt32LE(reply.length, 0);
  reply.writeInt32LE(-errno, 4);
  reply.writeBigUInt64LE(unique, 8);
  body.copy(reply, OUT_HEADER_BYTES);
  return reply;
}

const ASYNC_READ = 1 << 0;
const BIG_WRITES = 1 << 5;
const AUTO_INVAL_DATA = 1 << 12;
const PARALLEL_DIROPS = 1 << 18;
const MAX_PAGES = 1 << 22;

/** The answer to init: 7.31, no writeback cache, no locks of its own (the kernel keeps them per mount). */
export function encodeInit(body: Buffer): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(31, 4);
  out.writeUInt32LE(body.readUInt32LE(8), 8);
  const wanted = ASYNC_READ | BIG_WRITES | AUTO_INVAL_DATA | PARALLEL_DIROPS | MAX_PAGES;
  out.writeUInt32LE((body.readUInt32LE(12) & wanted) >>> 0, 12);
  out.writeUInt16LE(64, 16);
  out.writeUInt16LE(48, 18);
  out.writeUInt32LE(MAX_WRITE_BYTES, 20);
  out.writeUInt32LE(1, 24);
  out.writeUInt16LE(MAX_WRITE_BYTES / 4096, 28);
  return out;
}

export interface Attributes {
  ino: bigint;
  size: bigint;
  blocks: bigint;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
}

const ATTRIBUTES_BYTES = 88;
const NS = 1_000_000_000n;

function writeAttributes(out: Buffer, at: number, attributes: Attributes): void {
  const { atimeNs, mtimeNs, ctimeNs } = attributes;
  out.writeBigUInt64LE(attributes.ino, at);
  out.writeBigUInt64LE(attributes.size, at + 8);
  out.writeBigUInt64LE(attributes.blocks, at + 16);
  for (const [index, time] of [atimeNs, mtimeNs, ctimeNs].entries()) {
    out.writeBigUInt64LE(time / NS, at + 24 + index * 8);
    out.writeUInt32LE(Number(time % NS), at + 48 + index * 4);
  }
  out.writeUInt32LE(attributes.mode, at + 60);
  out.writeUInt32LE(attributes.nlink, at + 64);
  out.writeUInt32LE(attributes.uid, at + 68);
  out.writeUInt32LE(attributes.gid, at + 72);
  out.writeUInt32LE(4096, at + 80);
}

function writeValidity(out: Buffer, at: number, nsAt: number, validMs: number): void {
  out.writeBigUInt64LE(BigInt(Math.trunc(validMs / 1000)), at);
  out.writeUInt32LE((validMs % 1000) * 1_000_000, nsAt);
}

export function encodeAttributes(attributes: Attributes, validMs: number): Buffer {
  const out = Buffer.alloc(16 + ATTRIBUTES_BYTES);
  writeValidity(out, 0, 8, validMs);
  writeAttributes(out, 16, attributes);
  return out;
}

/** What a name names, and how long the kernel may keep that. */
export function encodeEntry(nodeId: number, attributes: Attributes, validMs: number): Buffer {
  const out = Buffer.alloc(40 + ATTRIBUTES_BYTES);
  out.writeBigUInt64LE(BigInt(nodeId), 0);
  writeValidity(out, 16, 32, validMs);
  writeValidity(out, 24, 36, validMs);
  writeAttributes(out, 40, attributes);
  return out;
}

export function encodeOpen(handle: number): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt(handle), 0);
  return out;
}

export interface DirectoryEntry {
  name: string;
  ino: bigint;
  /** DT_DIR, DT_REG and so on. */
  type: number;
}

/** As many entries as fit, from the one at `start` on. */
export function encodeDirectory(
  entries: readonly DirectoryEntry[],
  start: number,
  sizeBytes: number,
): Buffer {
  const parts: Buffer[] = [];
  let used = 0;
  for (const [index, { name, ino, type }] of entries.entries()) {
    if (index < start) continue;
    const bytes = Buffer.from(name);
    const length = (24 + bytes.length + 7) & ~7;
    if (used + length > sizeBytes) break;
    const part = Buffer.alloc(length);
    part.writeBigUInt64LE(ino, 0);
    part.writeBigUInt64LE(BigInt(index + 1), 8);
    part.writeUInt32LE(bytes.length, 16);
    part.writeUInt32LE(type, 20);
    bytes.copy(part, 24);
    parts.push(part);
    used += length;
  }
  return Buffer.concat(parts);
}

/** The names in a message's tail, each ended by a zero byte. */
export function namesIn(body: Buffer, start: number): string[] {
  return body.subarray(start, body.lastIndexOf(0)).toString().split("\0");
}
