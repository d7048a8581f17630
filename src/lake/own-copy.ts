import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { systemCode } from "../errors.ts";
import { ignoreUnsettable } from "./group.ts";
import type { StagedPath } from "./layout.ts";
import { SAFE_FLAGS, type StagedFile } from "./staged-file.ts";

/**
 * What becomes an asset is an inode of our own, which nobody else has, or ever had, open for writing. These give an
 * open file's bytes one, in a folder that is closed to others (0700). Synchronous: they run in worker threads.
 */

/** How a file of the lake's own is made. */
export interface OwnFileTerms {
  mode: number;
  /** The group to give it; null where it gets the right one by itself. */
  group: number | null;
}

/**
 * Whether nobody else can have an open file for writing: it is this account's, has one name (so it is not a link to
 * a file that lies elsewhere, too), and its mode, which only this account can set, lets nobody else write. Only
 * then its inode itself may become the asset.
 */
export function isOwn({ facts }: StagedFile): boolean {
  return facts.uid === process.geteuid?.() && facts.nlink === 1 && (facts.mode & 0o022) === 0;
}

/** Links a file that `isOwn` to a second name; false if it cannot, or if another file has its name by now. */
export function linkOwn(place: StagedPath, file: StagedFile, target: string, terms: OwnFileTerms): boolean {
  try {
    linkSync(place.stagedAt, target);
  } catch (error) {
    if (isFull(error)) throw error;
    return false;
  }
  const [linked, meant] = [lstatSync(target, { bigint: true }), fstatSync(file.fd, { bigint: true })];
  if (linked.ino !== meant.ino || linked.dev !== meant.dev) {
    rmSync(target, { force: true });
    return false;
  }
  if ((file.facts.mode & 0o777) !== terms.mode) fchmodSync(file.fd, terms.mode);
  return true;
}

/**
 * Makes a copy that shares its blocks, where the file system can: what it holds is to be read from it, not before.
 */
export function cloneOwn(file: StagedFile, target: string, terms: OwnFileTerms): boolean {
  try {
    copyFileSync(file.openPath, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") rmSync(target, { force: true });
    if (isFull(error)) throw error;
    return false;
  }
  const fd = openSync(target, constants.O_RDONLY | SAFE_FLAGS);
  try {
    givePermissions(fd, terms);
  } finally {
    closeSync(fd);
  }
  return true;
}

/** Writes bytes to a new file. Not synced. */
export function writeOwn(bytes: Uint8Array, target: string, terms: OwnFileTerms): void {
  withNewFile(target, terms, (fd) => writeAll(fd, bytes));
}

const PIECE_BYTES = 1 << 20;

/** Copies an open file from its start to a new one and returns the SHA-256 of what was written. Not synced. */
export function copyOwn(
  file: StagedFile,
  target: string,
  terms: OwnFileTerms,
): { hash: string; bytes: number } {
  return withNewFile(target, terms, (fd) => readPieces(file.fd, (piece) => writeAll(fd, piece)));
}

/** SHA-256 and size of an open file, from its begin. */
export function hashOpen(fd: number): { hash: string; bytes: number } {
  return readPieces(fd, () => {});
}

function readPieces(fd: number, use: (piece: Uint8Array) => void): { hash: string; bytes: number } {
  const hasher = new Bun.CryptoHasher("sha256");
  const buffer = new Uint8Array(PIECE_BYTES);
  let bytes = 0;
  for (;;) {
    const count = readSync(fd, buffer, 0, buffer.length, bytes);
    if (count === 0) return { hash: hasher.digest("hex"), bytes };
    const piece = buffer.subarray(0, count);
    hasher.update(piece);
    use(piece);
    bytes += count;
  }
}

function withNewFile<T>(target: string, terms: OwnFileTerms, use: (fd: number) => T): T {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  // Made with its last mode: it is never open to others, not for a moment.
  const fd = openSync(target, O_WRONLY | O_CREAT | O_EXCL | SAFE_FLAGS, terms.mode & 0o755);
  try {
    const result = use(fd);
    givePermissions(fd, terms);
    return result;
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}

function givePermissions(fd: number, { mode, group }: OwnFileTerms): void {
  if (group !== null) {
    try {
      fchownSync(fd, -1, group);
    } catch {
      // not a member of it: the file is readable all the same
    }
  }
  try {
    fchmodSync(fd, mode);
  } catch (error) {
    ignoreUnsettable(error);
  }
}

function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(systemCode(error) ?? "");
}
