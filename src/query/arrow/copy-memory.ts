import { dlopen, FFIType, ptr } from "bun:ffi";

/** Copies `sizeBytes` between addresses of this process. */
export type CopyMemory = (target: number, source: number, sizeBytes: number) => void;

let loaded: CopyMemory | undefined;

/** memcpy(3) of the C library: a call takes some ten nanoseconds, a view on foreign memory 100 times that. */
export function loadCopyMemory(): CopyMemory {
  loaded ??= dlopen(process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6", {
    memcpy: { args: [FFIType.ptr, FFIType.ptr, FFIType.u64_fast], returns: FFIType.void },
  }).symbols.memcpy as unknown as CopyMemory;
  return loaded;
}

/** Address of a typed array's first byte, valid while the array is in use. */
export function addressOf(bytes: Uint8Array): number {
  return bytes.byteLength === 0 ? 0 : ptr(bytes);
}
