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
 * A file that becomes an asset must be an inode of our own, which no one else has or had open for writing.
 * These functions copy an open file into one, in a private folder (0700). Synchronous, for worker threads.
 */

export interface OwnFileTerms {
  mode: number;
  /** The group to set; null if it is inherited. */
  group: number | null;
}

/**
 * Whether no one else can have the file open for writing: it belongs to this account, has a single name (so
 * it is not a hard link to a file elsewhere), and its mode, which only this account can set, denies write
 * access to others. Only then the inode itself may become the asset.
 */
export function isOwn({ facts }: StagedFile): boolean {
  return facts.uid === process.geteuid?.() && facts.nlink === 1 && (facts.mode & 0o022) === 0;
}

/** Hard-links a file that `isOwn`; returns false if it cannot, or if its name was taken by another file. */
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

/** Creates a copy with shared blocks if supported. Read its content from the copy, not from the original. */
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

/** Copies an open file to a new one and returns the SHA-256 of the bytes written. Not synced. */
export function copyOwn(
  file: StagedFile,
  target: string,
  terms: OwnFileTerms,
): { hash: string; bytes: number } {
  return withNewFile(target, terms, (fd) => readPieces(file.fd, (piece) => writeAll(fd, piece)));
}

/** SHA-256 and size of an open file, read from the start. */
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
  // Created with its final mode, so it is never open to others.
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
      // not a member of the group: the file is readable anyway
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
