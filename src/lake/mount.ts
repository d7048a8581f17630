import { stat } from "node:fs/promises";
import { type ProbeFacts, probeFileSystem, probeRenameOverOpen } from "./mount-probe.ts";
import { findMount, isFuseType, isLocalType } from "./mount-table.ts";

/** What is known of the file system that holds a folder without writing to it. */
export interface Mount {
  /** `ext4`, `cifs`, `nfs4`, `fuse.sshfs`; undefined where the system does not tell. */
  type: string | undefined;
  source: string | undefined;
  isFuse: boolean;
  /** A disk of this machine, for sure. */
  isLocal: boolean;
}

/** The same with what trying showed. */
export type MountFacts = Mount & ProbeFacts;

/** By identity of the mount: its abilities do not change while a process runs. */
const probes = new Map<string, Promise<ProbeFacts>>();
const renames = new Map<string, Promise<ProbeFacts["renameOverOpen"]>>();

/** What the system says of the mount that holds `folder`. Throws the system's error where there is no such folder. */
export async function mountOf(folder: string): Promise<Mount> {
  return (await locate(folder)).mount;
}

/**
 * What the mount that holds `folder` can do, tried there in a hidden folder: once a process. Throws the system's
 * error where this account cannot write there now; then it is tried again when it is asked for again.
 */
export async function probeMount(folder: string): Promise<MountFacts> {
  const { mount, key } = await locate(folder);
  return { ...mount, ...(await remember(probes, key, async () => probeFileSystem(folder))) };
}

/** Only what a rename over an open file does there, as cheaply as can be; likewise. */
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

/** A device number alone is given to the next mount when one is gone. */
async function locate(folder: string): Promise<{ mount: Mount; key: string }> {
  const [{ dev }, entry] = await Promise.all([stat(folder), findMount(folder)]);
  const { type, source, id } = entry ?? {};
  const mount = { type, source, isFuse: isFuseType(type), isLocal: isLocalType(type) };
  return { mount, key: [dev, id, type, source].join(" ") };
}
