import { dlopen, FFIType, ptr } from "bun:ffi";

/** Copies `sizeBytes` from an address in this process to an address; as fast as the machine does it. */
export type CopyMemory = (target: number, source: number, sizeBytes: number) => void;

let loaded: CopyMemory | undefined;

/** memcpy(3) of the system's C library: a call costs some ten nanoseconds, a view on foreign memory a hundred times that. */
export function loadCopyMemory(): CopyMemory {
  loaded ??= dlopen(process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6", {
    memcpy: { args: [FFIType.ptr, FFIType.ptr, FFIType.u64_fast], returns: FFIType.void },
  }).symbols.memcpy as unknown as CopyMemory;
  return loaded;
}

/** The address of a typed array's first byte, valid while the array is in use. */
export function addressOf(bytes: Uint8Array): number {
  return bytes.byteLength === 0 ? 0 : ptr(bytes);
}
