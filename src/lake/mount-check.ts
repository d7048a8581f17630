import { dirname, resolve } from "node:path";
import { AppError } from "../errors.ts";
import type { MountDocument } from "../schema/mount.ts";
import { exists } from "./files.ts";
import type { Layout } from "./layout.ts";
import { type Mount, type MountFacts, mountOf, probeMount } from "./mount.ts";
import { nameMount, UNSUITED_ADVICE, whatFollows, whyUnsuited } from "./mount-words.ts";

/** What is reported about the mount of a lake. */
export interface MountReport {
  mount: Mount;
  /** Undefined where this account cannot write there now, so that nothing was tried. */
  facts: MountFacts | undefined;
  /** Why a lake cannot lie there. */
  unsuited: string | undefined;
  /** What follows from the facts, a sentence each. */
  says: string[];
}

/** The same for programs. What is mounted is left out: it names machines. */
export function mountDocument({ mount, facts, unsuited, says }: MountReport): MountDocument {
  return {
    type: mount.type ?? null,
    fuse: mount.isFuse,
    tried:
      facts === undefined
        ? null
        : {
            hard_link: facts.hardLink,
            exclusive_create: facts.exclusiveCreate,
            rename_over_open: facts.renameOverOpen,
            rename_open: facts.renameOpen,
            permissions: facts.modes,
            case_sensitive: facts.caseSensitive,
            fsync: facts.fsync,
          },
    unsuited: unsuited ?? null,
    says,
  };
}

/**
 * Looks at the mount of a lake, and tries what it can do, in a hidden folder that is removed again: in the lake's own
 * folder, else where curators may write.
 */
export async function examineMount({
  root,
  pending,
}: Pick<Layout, "root" | "pending">): Promise<MountReport> {
  const mount = await mountOf(root);
  const facts = await probeMount(root)
    .catch(() => probeMount(pending))
    .catch(() => undefined);
  return {
    mount,
    facts,
    unsuited: whyUnsuited(mount, facts),
    says: facts === undefined ? [] : whatFollows(facts),
  };
}

/**
 * Throws `unsuited_mount` where a lake in this folder could not be changed without loss; call it before the first
 * change. The folder need not be there yet. A disk of this machine is not asked.
 */
export async function requireSuitedMount(folder: string): Promise<void> {
  const held = await nearestFolder(resolve(folder));
  const mount = await mountOf(held);
  if (mount.isLocal) return;
  const known = whyUnsuited(mount);
  // Where probing is impossible, writing is too, and its own error tells why.
  const reason = known ?? whyUnsuited(mount, await probeMount(held).catch(() => undefined));
  if (reason === undefined) return;
  throw new AppError(
    "unsuited_mount",
    `${folder} is on ${nameMount(mount)}, which cannot hold a lake: ${reason}; ${UNSUITED_ADVICE}`,
    { details: { path: folder, type: mount.type ?? null, source: mount.source ?? null } },
  );
}

async function nearestFolder(path: string): Promise<string> {
  let at = path;
  while (!(await exists(at)) && dirname(at) !== at) at = dirname(at);
  return at;
}
