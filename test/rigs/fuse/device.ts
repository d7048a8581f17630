/** What the system offers for a file system in a process: /dev/fuse, mount(2), umount2(2), poll(2), renameat2(2). */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { constants, lstatSync, openSync } from "node:fs";
import { fail } from "./failure.ts";

const { symbols } = dlopen("libc.so.6", {
  mount: {
    args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.ptr],
    returns: FFIType.i32,
  },
  umount2: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  poll: { args: [FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
  renameat2: {
    args: [FFIType.i32, FFIType.ptr, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
  mknod: { args: [FFIType.ptr, FFIType.u32, FFIType.u64], returns: FFIType.i32 },
});

const text = (value: string) => Buffer.from(`${value}\0`);
const AT_FDCWD = -100;
const MNT_DETACH = 2;
const RENAME_NOREPLACE = 1;
const POLLIN = 1;

/** Mounts a new FUSE file system for every account; gives its device. Its type reads `fuse.<subtype>`. */
export function mountFuse(at: string, subtype: string): number {
  const device = openSync("/dev/fuse", constants.O_RDWR | constants.O_NONBLOCK);
  const data = `fd=${device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions`;
  const [source, folder, type, options] = ["rig", at, `fuse.${subtype}`, data].map(text);
  if (
    symbols.mount(
      ptr(source as Buffer),
      ptr(folder as Buffer),
      ptr(type as Buffer),
      0,
      ptr(options as Buffer),
    )
  )
    throw new Error(`mount(2) of a FUSE file system at ${at} was refused; it needs root`);
  return device;
}

/** Takes it out of the tree at once, whoever still uses it. */
export function unmountFuse(at: string): void {
  symbols.umount2(ptr(text(at)), MNT_DETACH);
}

/** Waits until one of the files can be read; tells which of them. */
export function waitReadable(files: readonly number[]): boolean[] {
  const wanted = Buffer.alloc(8 * files.length);
  for (const [index, file] of files.entries()) {
    wanted.writeInt32LE(file, index * 8);
    wanted.writeInt16LE(POLLIN, index * 8 + 4);
  }
  symbols.poll(ptr(wanted), files.length, -1);
  return files.map((_, index) => wanted.readInt16LE(index * 8 + 6) !== 0);
}

/** renameat2 with RENAME_NOREPLACE. */
export function renameNoReplace(from: string, to: string): void {
  if (symbols.renameat2(AT_FDCWD, ptr(text(from)), AT_FDCWD, ptr(text(to)), RENAME_NOREPLACE) === 0) return;
  fail(lstatSync(to, { throwIfNoEntry: false }) === undefined ? "ENOENT" : "EEXIST");
}

export function makeNode(path: string, mode: number): void {
  if (symbols.mknod(ptr(text(path)), mode, 0) !== 0) fail("EPERM");
}
