import type { Mount, MountFacts } from "./mount.ts";
import type { ProbeFacts } from "./mount-probe.ts";

/** What people are told of a mount: the one place for these sentences. */

/** `cifs (//nas/lake)`. */
export function nameMount({ type, source }: Pick<Mount, "type" | "source">): string {
  if (type === undefined) return "a file system of unknown type";
  return source === undefined || source === type ? type : `${type} (${source})`;
}

/**
 * Why a lake cannot lie on a mount; undefined where it can. By its type where trying cannot tell, for it takes two
 * machines to see it; else by what trying showed.
 */
export function whyUnsuited(
  { type = "", source = "" }: Pick<Mount, "type" | "source">,
  tried?: Pick<ProbeFacts, "hardLink" | "exclusiveCreate">,
): string | undefined {
  if (/^(?:fuse\.)?rclone$/.test(type)) return UNSUITED.laterRclone;
  // davfs2 mounts as plain `fuse`, from an address.
  if (/^(?:fuse\.)?davfs2?$/.test(type) || (type === "fuse" && /^https?:\/\//.test(source))) {
    return UNSUITED.laterDavfs;
  }
  if (tried?.exclusiveCreate === false) return UNSUITED.exclusive;
  return tried?.hardLink === "broken" ? UNSUITED.link : undefined;
}

const UNSUITED = {
  laterRclone: "rclone writes to the server later than it says, and lets two machines make the same file",
  laterDavfs: "davfs2 writes to the server later than it says, and lets two machines make the same file",
  exclusive: "a file that must be new can be made twice there, so that nothing keeps two programs apart",
  link: "a hard link fails there with EIO, as on mounts that write to the server later than they say",
};

export const UNSUITED_ADVICE =
  "mount the folder by NFS, SMB or sshfs, or run `datalake serve` on the machine with the disk and use --server";

/** What follows from what a mount can do, a sentence each; none for a disk that can do all. */
export function whatFollows(facts: MountFacts): string[] {
  const says: string[] = [];
  if (facts.renameOverOpen !== "safe") {
    says.push(
      facts.renameOpen
        ? "a file that somebody has open is set aside before its successor takes its name, so that a reader may wait for a moment"
        : "a file that somebody has open cannot be replaced: close the lake's files in other programs before you change it",
    );
  }
  if (facts.hardLink === "none") {
    says.push(
      "there are no hard links: files get their names by a rename that only one program at a time makes",
    );
  }
  if (!facts.modes) {
    says.push(
      "permissions cannot be set: the options of the mount say who may write, and doctor asks for none",
    );
  }
  if (!facts.caseSensitive) says.push("names that differ only in case are one");
  if (!facts.fsync) says.push("fsync fails, so that a power cut may take what was acknowledged");
  if (!facts.isLocal && isNetwork(facts)) {
    says.push(
      "what other machines write may be seen late: run the server on the machine with the disk, and only curators and readers by the mount",
    );
  }
  return says;
}

/** By its type: of another one nobody can say. */
export function isNetwork({ type = "" }: Pick<Mount, "type">): boolean {
  return /^(?:nfs4?|cifs|smb3?|smbfs|9p|ceph|afs|fuse\.sshfs|fuse\.glusterfs|fuse\.smbnetfs)$/.test(type);
}

/** What is said of a mount when work on it begins; nothing of a disk that can do all. */
export function tellMount({ mount, says }: { mount: Mount; says: readonly string[] }): string | undefined {
  return says.length === 0 ? undefined : `the lake lies on ${nameMount(mount)}: ${says.join("; ")}`;
}
