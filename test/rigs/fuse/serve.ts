import { statfsSync } from "node:fs";
import { type Context, knownAttributesOf, nodeOf } from "./context.ts";
import { fail } from "./failure.ts";
import { create, fsync, open, read, release, setattr, write } from "./files.ts";
import {
  fsyncdir,
  link,
  lookup,
  mkdir,
  mknod,
  opendir,
  readdir,
  readlink,
  releasedir,
  rename,
  rmdir,
  symlink,
  unlink,
} from "./names.ts";
import { encodeAttributes, encodeInit, OP, type Request } from "./protocol.ts";

type Handler = (context: Context, request: Request) => Buffer;

const HANDLERS: Record<number, Handler> = {
  [OP.init]: (_, { body }) => encodeInit(body),
  [OP.getattr]: (context, { nodeId }) =>
    encodeAttributes(knownAttributesOf(context, nodeOf(context, nodeId)), context.traits.staleMs),
  [OP.statfs]: statfs,
  [OP.lookup]: lookup,
  [OP.setattr]: setattr,
  [OP.readlink]: readlink,
  [OP.symlink]: symlink,
  [OP.mknod]: mknod,
  [OP.mkdir]: mkdir,
  [OP.unlink]: unlink,
  [OP.rmdir]: rmdir,
  [OP.link]: link,
  [OP.rename]: rename,
  [OP.rename2]: rename,
  [OP.open]: open,
  [OP.create]: create,
  [OP.read]: read,
  [OP.write]: write,
  [OP.release]: release,
  [OP.fsync]: fsync,
  [OP.fsyncdir]: fsyncdir,
  [OP.opendir]: opendir,
  [OP.readdir]: readdir,
  [OP.releasedir]: releasedir,
};

/** The body of the answer; throws what `errnoOf` reads. An operation that is not known makes the kernel do without. */
export function serve(context: Context, request: Request): Buffer {
  return (HANDLERS[request.opcode] ?? (() => fail("ENOSYS")))(context, request);
}

function statfs({ backing, traits }: Context): Buffer {
  const stats = statfsSync(backing, { bigint: true });
  const out = Buffer.alloc(80);
  const files = traits.fixedModes ? [0n, 0n] : [stats.files, stats.ffree];
  for (const [index, value] of [stats.blocks, stats.bfree, stats.bavail, ...files].entries())
    out.writeBigUInt64LE(value, index * 8);
  out.writeUInt32LE(Number(stats.bsize), 40);
  out.writeUInt32LE(255, 44);
  out.writeUInt32LE(Number(stats.bsize), 48);
  return out;
}
