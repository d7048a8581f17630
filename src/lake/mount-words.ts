import type { Mount, MountFacts } from "./mount.ts";
import type { ProbeFacts } from "./mount-probe.ts";

/** Messages about mounts. */

/** `cifs (//nas/lake)`. */
export function nameMount({ type, source }: Pick<Mount, "type" | "source">): string {
  if (type === undefined) return "a file system of unknown type";
  return source === undefined || source === type ? type : `${type} (${source})`;
}

/** Why a mount cannot hold a lake, or undefined: by type if one machine cannot find out, else by probing. */
export function whyUnsuited(
  { type = "", source = "" }: Pick<Mount, "type" | "source">,
  tried?: Pick<ProbeFacts, "hardLink" | "exclusiveCreate">,
): string | undefined {
  if (/^(?:fuse\.)?rclone$/.test(type)) return UNSUITED.laterRclone;
  // davfs2 appears as plain `fuse` with a URL as source.
  if (/^(?:fuse\.)?davfs2?$/.test(type) || (type === "fuse" && /^https?:\/\//.test(source))) {
    return UNSUITED.laterDavfs;
  }
  if (tried?.exclusiveCreate === false) return UNSUITED.exclusive;
  return tried?.hardLink === "broken" ? UNSUITED.link : undefined;
}

const UNSUITED = {
  laterRclone:
    "rclone writes to the server later than it reports, and lets two machines create the same file",
  laterDavfs: "davfs2 writes to the server later than it reports, and lets two machines create the same file",
  exclusive: "exclusive create does not work there, so that nothing keeps two programs apart",
  link: "a hard link fails there with EIO, as on mounts that write to the server later than they report",
};

export const UNSUITED_ADVICE =
  "mount the folder with NFS, SMB or sshfs, or run `datalake serve` on the machine with the disk and use --server";

/** Consequences of a mount's limits, one sentence each; none for a full-featured disk. */
export function whatFollows(facts: MountFacts): string[] {
  const says: string[] = [];
  if (facts.renameOverOpen !== "safe") {
    says.push(
      facts.renameOpen
        ? "an open file is renamed before it is replaced, so that a reader may wait for a moment"
        : "an open file cannot be replaced: close the lake's files in other programs before you change it",
    );
  }
  if (facts.hardLink === "none") {
    says.push("there are no hard links: files are named by a rename under a lock");
  }
  if (!facts.modes) {
    says.push(
      "permissions cannot be set: the options of the mount decide who may write, and doctor does not check them",
    );
  }
  if (!facts.caseSensitive) says.push("names that differ only in case are the same");
  if (!facts.fsync) says.push("fsync fails, so that a power cut may lose acknowledged data");
  if (!facts.isLocal && isNetwork(facts)) {
    says.push(
      "changes by other machines may be seen late: run the server on the machine with the disk, and use the mount for curators and readers only",
    );
  }
  return says;
}

/** By type; false for unknown ones. */
export function isNetwork({ type = "" }: Pick<Mount, "type">): boolean {
  return /^(?:nfs4?|cifs|smb3?|smbfs|9p|ceph|afs|fuse\.sshfs|fuse\.glusterfs|fuse\.smbnetfs)$/.test(type);
}

/** Notice about a mount when work begins; undefined for a full-featured disk. */
export function tellMount({ mount, says }: { mount: Mount; says: readonly string[] }): string | undefined {
  return says.length === 0 ? undefined : `the lake is on ${nameMount(mount)}: ${says.join("; ")}`;
}
