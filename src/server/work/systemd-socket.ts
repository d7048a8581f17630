import { dlopen, FFIType, ptr } from "bun:ffi";
import { AppError } from "../../errors.ts";

/** Sends datagrams to a service manager; Bun has no Unix datagram sockets of its own. */
export interface NotifySocket {
  /** Throws `io` if there is no listener. */
  send(text: string): void;
  close(): void;
}

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
/** Size of `sun_path` (unix(7)). */
const MAX_PATH_BYTES = 108;

const SYMBOLS = {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  sendto: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i64_fast,
  },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
} as const;

/** glibc's name, then those of musl. */
const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/**
 * The socket at `path`, as in NOTIFY_SOCKET: a file, or `@name` in the abstract namespace. Linux only; throws `io`.
 */
export function openNotifySocket(path: string): NotifySocket {
  const { symbols: libc, close } = openLibrary();
  const address = socketAddress(path);
  const descriptor = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (descriptor < 0) throw new AppError("io", "no socket can be made for the service manager");
  return {
    send: (text) => {
      const bytes = Buffer.from(text);
      const sent = libc.sendto(
        descriptor,
        ptr(bytes),
        bytes.length,
        MSG_DONTWAIT_NOSIGNAL,
        ptr(address),
        address.length,
      );
      if (Number(sent) !== bytes.length) {
        throw new AppError("io", `the service manager does not accept messages at ${path}`);
      }
    },
    close: () => {
      libc.close(descriptor);
      close();
    },
  };
}

/** `struct sockaddr_un`: the family in the machine's byte order, then the path; a leading NUL stands for `@`. */
export function socketAddress(path: string): Uint8Array {
  const name = Buffer.from(path);
  if (!/^[/@]/.test(path) || name.length >= MAX_PATH_BYTES) {
    throw new AppError("io", `NOTIFY_SOCKET names no Unix socket: ${path}`);
  }
  const abstract = name[0] === "@".charCodeAt(0);
  if (abstract) name[0] = 0;
  const family = new Uint8Array(new Uint16Array([AF_UNIX]).buffer);
  return Buffer.concat([family, name, ...(abstract ? [] : [new Uint8Array(1)])]);
}

function openLibrary() {
  for (const name of LIBRARIES) {
    try {
      return dlopen(name, SYMBOLS);
    } catch {
      // the next one
    }
  }
  throw new AppError("io", "no C library was found to reach the service manager with");
}
