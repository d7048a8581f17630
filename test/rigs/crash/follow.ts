import type { Disk } from "./disk.ts";
import { bytesOf, type Call, descriptorOf, textOf } from "./strace.ts";

/** Follows one call; throws on one that changes files in a way which this does not know. */
export function followCall(disk: Disk, call: Call, lineOffset: number): void {
  const ended = lineOffset + call.ended;
  const { name, args, result } = call;
  const arg = (at: number) => args[at] ?? "";
  switch (name) {
    case "open":
    case "openat":
    case "creat": {
      const flags = name === "creat" ? "O_CREAT|O_TRUNC" : arg(name === "open" ? 1 : 2);
      disk.open(call.path ?? "", result, flags, Number.parseInt(args.at(-1) ?? "", 8) || 0o644, ended);
      return;
    }
    case "lseek":
      disk.seek(arg(0), result);
      return;
    case "write":
      disk.write(arg(0), bytesOf(arg(1)).subarray(0, result), undefined, ended);
      return;
    case "pwrite64":
      disk.write(arg(0), bytesOf(arg(1)).subarray(0, result), Number(arg(3)), ended);
      return;
    case "writev":
    case "pwritev":
    case "pwritev2": {
      const parts = [...arg(1).matchAll(/iov_base=("[^"]*")/g)].map(([, text]) => bytesOf(text as string));
      const offset = name === "writev" ? undefined : Number(arg(3));
      disk.write(arg(0), Buffer.concat(parts).subarray(0, result), offset, ended);
      return;
    }
    case "copy_file_range":
      disk.copy(arg(0), arg(1), arg(2), arg(3), result, ended);
      return;
    case "sendfile":
      disk.copy(arg(1), arg(2), arg(0), "NULL", result, ended);
      return;
    case "ftruncate":
      disk.resize(disk.nodeOf(descriptorOf(arg(0)).path), Number(arg(1)), ended);
      return;
    case "truncate":
      disk.resize(disk.nodeOf(textOf(arg(0))), Number(arg(1)), ended);
      return;
    case "fallocate": {
      const node = disk.nodeOf(descriptorOf(arg(0)).path);
      const size = Number(arg(2)) + Number(arg(3));
      if (node === undefined || size <= disk.sizeOf(node)) return;
      if (arg(1) !== "0") throw new Error(`fallocate with ${arg(1)} is not modelled`);
      disk.resize(node, size, ended);
      return;
    }
    case "rename":
      disk.move(textOf(arg(0)), textOf(arg(1)), ended);
      return;
    case "renameat":
    case "renameat2":
      if (arg(4).includes("EXCHANGE")) throw new Error("an exchange of names is not modelled");
      disk.move(at(arg(0), arg(1)), at(arg(2), arg(3)), ended);
      return;
    case "link":
      disk.link(textOf(arg(0)), textOf(arg(1)), ended);
      return;
    case "linkat":
      disk.link(at(arg(0), arg(1)), at(arg(2), arg(3)), ended);
      return;
    case "symlink":
    case "symlinkat":
      if (disk.inside(name === "symlink" ? textOf(arg(1)) : at(arg(1), arg(2))))
        throw new Error("a symbolic link is not modelled");
      return;
    case "unlink":
    case "rmdir":
      disk.remove(textOf(arg(0)), ended);
      return;
    case "unlinkat":
      disk.remove(at(arg(0), arg(1)), ended);
      return;
    case "mkdir":
      disk.makeFolder(textOf(arg(0)), Number.parseInt(arg(1), 8), ended);
      return;
    case "mkdirat":
      disk.makeFolder(at(arg(0), arg(1)), Number.parseInt(arg(2), 8), ended);
      return;
    case "chmod":
      disk.mode(textOf(arg(0)), arg(1), ended);
      return;
    case "fchmod":
      disk.mode(descriptorOf(arg(0)).path, arg(1), ended);
      return;
    case "fchmodat":
    case "fchmodat2":
      disk.mode(at(arg(0), arg(1)), arg(2), ended);
      return;
    case "fsync":
    case "fdatasync": {
      const node = disk.nodeOf(descriptorOf(arg(0)).path);
      if (node !== undefined) disk.syncs.push({ node, began: lineOffset + call.began, ended });
      return;
    }
    case "sync":
    case "syncfs":
      disk.syncs.push({ node: undefined, began: lineOffset + call.began, ended });
      return;
    case "ioctl":
      if (/FICLONE/.test(arg(1)) && disk.inside(descriptorOf(arg(0)).path))
        throw new Error("a clone of a file is not modelled: record on a file system without reflinks");
      return;
    case "mmap":
      if (
        arg(3).includes("MAP_SHARED") &&
        arg(2).includes("PROT_WRITE") &&
        disk.inside(descriptorOf(arg(4)).path)
      )
        throw new Error("writing through a mapping is not modelled");
      return;
    case "io_uring_setup":
      throw new Error("io_uring is not modelled");
  }
}

function at(folder: string, name: string): string {
  const path = textOf(name);
  return path.startsWith("/") ? path : `${descriptorOf(folder).path}/${path}`;
}
