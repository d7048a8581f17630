import { stat } from "node:fs/promises";
import { type ProbeFacts, probeFileSystem, probeRenameOverOpen } from "./mount-probe.ts";
import { findMount, isFuseType, isLocalType, type MountEntry } from "./mount-table.ts";

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

/** By device number: what a mount can do does not change while a process runs. */
const mounts = new Map<number, Promise<Mount>>();
const probes = new Map<number, Promise<MountFacts>>();
const renames = new Map<number, Promise<ProbeFacts["renameOverOpen"]>>();

/** What the system says of the mount that holds `folder`; once a process. */
export async function mountOf(folder: string): Promise<Mount> {
  const { dev } = await stat(folder);
  return remember(mounts, dev, async () => describe(await findMount(folder)));
}

/**
 * What the mount that holds `folder` can do, tried there in a hidden folder: once a process. Throws the system's error
 * where this account cannot write there now; then it is tried again when it is asked for again.
 */
export async function probeMount(folder: string): Promise<MountFacts> {
  const { dev } = await stat(folder);
  return remember(probes, dev, async () => ({
    ...(await mountOf(folder)),
    ...(await probeFileSystem(folder)),
  }));
}

/** Only what a rename over an open file does there, as cheaply as can be; likewise. */
export async function probeRenames(folder: string): Promise<ProbeFacts["renameOverOpen"]> {
  const { dev } = await stat(folder);
  return remember(renames, dev, () => probeRenameOverOpen(folder));
}

function remember<T>(known: Map<number, Promise<T>>, dev: number, find: () => Promise<T>): Promise<T> {
  const found = known.get(dev) ?? find();
  known.set(dev, found);
  found.catch(() => known.delete(dev));
  return found;
}

function describe(entry: MountEntry | undefined): Mount {
  const { type, source } = entry ?? {};
  return { type, source, isFuse: isFuseType(type), isLocal: isLocalType(type) };
}
