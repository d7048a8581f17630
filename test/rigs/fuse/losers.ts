import type { Context } from "./context.ts";
import { fail } from "./failure.ts";
import type { Node } from "./nodes.ts";

/** A name that another mount made first. */
export function loserError(context: Context, parent: Node, name: string): never {
  parent.missing.delete(name);
  const asEperm = context.traits.losersGetEperm && context.losers++ % 2 === 0;
  fail(asEperm ? "EPERM" : "EEXIST");
}
