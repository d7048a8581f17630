import { stat } from "node:fs/promises";
import { type ProbeFacts, probeFileSystem, probeRenameOverOpen } from "./mount-probe.ts";
import { findMount, isFuseType, isLocalType } from "./mount-table.ts";

/** Facts about the file system of a folder, gathered without writing. */
export interface Mount {
  /** `ext4`, `cifs`, `nfs4`, `fuse.sshfs`; undefined if unknown. */
  type: string | undefined;
  source: string | undefined;
  isFuse: boolean;
  /** Certainly a local disk. */
  isLocal: boolean;
}

export type MountFacts = Mount & ProbeFacts;

/** By mount identity: capabilities do not change while a process runs. */
const probes = new Map<string, Promise<ProbeFacts>>();
const renames = new Map<string, Promise<ProbeFacts["renameOverOpen"]>>();

/** The mount that holds `folder`, from the system. Throws system errors if the folder is missing. */
export async function mountOf(folder: string): Promise<Mount> {
  return (await locate(folder)).mount;
}

/**
 * Probes the mount that holds `folder` in a hidden folder, once per process. Throws system errors if this
 * account cannot write there; the next call then tries again.
 */
export async function probeMount(folder: string): Promise<MountFacts> {
  const { mount, key } = await locate(folder);
  return { ...mount, ...(await remember(probes, key, async () => probeFileSystem(folder))) };
}

/** Probes only renames over open files, as cheaply as possible; likewise cached. */
export async function probeRenames(folder: string): Promise<ProbeFacts["renameOverOpen"]> {
  const { key } = await locate(folder);
  return remember(renames, key, async () => probeRenameOverOpen(folder));
}

function remember<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? find();
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}

/** A device number alone may be reused by a later mount. */
async function locate(folder: string): Promise<{ mount: Mount; key: string }> {
  const [{ dev }, entry] = await Promise.all([stat(folder), findMount(folder)]);
  const { type, source, id } = entry ?? {};
  const mount = { type, source, isFuse: isFuseType(type), isLocal: isLocalType(type) };
  return { mount, key: [dev, id, type, source].join(" ") };
}
