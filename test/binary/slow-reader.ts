import { dlopen, FFIType, ptr } from "bun:ffi";
import { closeSync, readSync } from "node:fs";
import { builtBinary, type RunOptions } from "./binary.ts";

/** pipe2(2), fcntl_linux.h and asm-generic/ioctls.h. */
const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const FIONREAD = 0x541b;

/**
 * Runs the binary with a pipe of one page for its output, which takes no byte more until it was read to its end: the
 * program has to wait for its reader after every 4 kB, and what it does not wait for is lost.
 */
export async function runWithSlowReader(
  args: string[],
  { cwd, env = {} }: RunOptions,
): Promise<{ code: number; stdout: string }> {
  const { reader, writer, held } = openPipe();
  const child = Bun.spawn([await builtBinary(), ...args], {
    cwd,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "ignore",
    stdout: writer,
    stderr: "ignore",
  });
  closeSync(writer);
  const parts: Buffer[] = [];
  for (;;) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    const part = Buffer.alloc(held());
    if (part.length > 0) parts.push(part.subarray(0, readSync(reader, part)));
    else if (ended) break;
    else await new Promise(setImmediate);
  }
  closeSync(reader);
  return { code: await child.exited, stdout: Buffer.concat(parts).toString() };
}

function openPipe() {
  const { symbols: libc } = dlopen("libc.so.6", {
    pipe2: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
    fcntl: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  });
  const ends = new Int32Array(2);
  if (libc.pipe2(ptr(ends), O_CLOEXEC) !== 0) throw new Error("no pipe could be made");
  const [reader = -1, writer = -1] = ends;
  libc.fcntl(writer, F_SETPIPE_SZ, 4096);
  const count = new Int32Array(1);
  const held = () => {
    libc.ioctl(reader, FIONREAD, ptr(count));
    return count[0] ?? 0;
  };
  return { reader, writer, held };
}
