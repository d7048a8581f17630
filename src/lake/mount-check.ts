import { dirname, resolve } from "node:path";
import { AppError } from "../errors.ts";
import type { MountDocument } from "../schema/mount.ts";
import { exists } from "./files.ts";
import type { Layout } from "./layout.ts";
import { type Mount, type MountFacts, mountOf, probeMount } from "./mount.ts";
import { nameMount, UNSUITED_ADVICE, whatFollows, whyUnsuited } from "./mount-words.ts";

export interface MountReport {
  mount: Mount;
  /** Undefined if this account cannot write there, so nothing was probed. */
  facts: MountFacts | undefined;
  /** Why it cannot hold a lake. */
  unsuited: string | undefined;
  says: string[];
}

/** The same as a document, without the mounted source, which names machines. */
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

/** Examines a lake's mount by probing in a temporary folder, in the lake or where curators may write. */
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
 * Throws `unsuited_mount` if a lake in this folder could lose data on changes; call it before the first
 * change. The folder may be missing. Local disks are not probed.
 */
export async function requireSuitedMount(folder: string): Promise<void> {
  const held = await nearestFolder(resolve(folder));
  const mount = await mountOf(held);
  if (mount.isLocal) return;
  const known = whyUnsuited(mount);
  // If probing is impossible, so is writing, and its own error gives the reason.
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
