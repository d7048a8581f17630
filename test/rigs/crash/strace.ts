import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** Every call that changes files, moves an offset or makes something durable. */
const CALLS = [
  "open,openat,openat2,creat,close,dup,dup2,dup3,lseek",
  "write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate",
  "copy_file_range,sendfile,splice,ioctl,mmap,io_uring_setup",
  "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir",
  "chmod,fchmod,fchmodat",
  "fsync,fdatasync,syncfs,sync",
].join(",");

/** A command prefix that writes all of it, with the bytes, to `log`: texts in hex, descriptors with their path. */
export function traced(log: string): string[] {
  const format = ["-qq", "-y", "-xx", "-s", "1000000000"];
  return ["strace", "-f", "--seccomp-bpf", ...format, "-e", `trace=${CALLS}`, "-o", log];
}

/** One call that succeeded. */
export interface Call {
  name: string;
  args: string[];
  result: number;
  /** What stands behind the result: the path of a new descriptor. */
  path: string | undefined;
  /** The numbers of the lines where it began and where it had ended. */
  began: number;
  ended: number;
}

/** The calls of a log in the order in which they ended; those that failed are left out. */
export async function* readCalls(log: string): AsyncGenerator<Call> {
  const open = new Map<string, { text: string; began: number }>();
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(log, "latin1") })) {
    number++;
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.startsWith("+++") || rest.startsWith("---")) continue;
    if (rest.endsWith(" <unfinished ...>")) {
      open.set(thread, { text: rest.slice(0, -" <unfinished ...>".length), began: number });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const before = resumed ? open.get(thread) : undefined;
    if (resumed) open.delete(thread);
    const call = parseCall(resumed ? `${before?.text ?? ""}${resumed[1]}` : rest);
    if (call && call.result >= 0) yield { ...call, began: before?.began ?? number, ended: number };
  }
}

function parseCall(text: string): Omit<Call, "began" | "ended"> | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(") ");
  const equals = text.indexOf("= ", close);
  if (open < 0 || close < 0 || equals < 0) return undefined;
  const [, number, path] = /^(-?\d+|0x[0-9a-f]+)(?:<([^>]*)>)?/.exec(text.slice(equals + 2)) ?? [];
  if (number === undefined) return undefined;
  return {
    name: text.slice(0, open),
    // Texts are in hex: a comma is never inside one.
    args: splitArguments(text.slice(open + 1, close)),
    result: Number(number),
    path: path === undefined ? undefined : textOf(path),
  };
}

function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "[" || char === "{") depth++;
    else if (char === "]" || char === "}") depth--;
    else if (char === "," && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

/** The bytes of a text as strace writes it with `-xx`: `"\x41\x42"`. */
export function bytesOf(argument: string): Buffer {
  return Buffer.from(
    argument
      .replace(/^"|"(\.\.\.)?$/g, "")
      .replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

export function textOf(argument: string): string {
  return bytesOf(argument).toString("utf8");
}

/** `12</path>`: the number of a descriptor and its path, which ends in ` (deleted)` when it has none any more. */
export function descriptorOf(argument: string): { fd: number; path: string } {
  const [, fd, path = ""] = /^(-?\d+|AT_FDCWD)(?:<([^>]*)>)?/.exec(argument) ?? [];
  return { fd: fd === "AT_FDCWD" ? -100 : Number(fd), path: textOf(path) };
}
