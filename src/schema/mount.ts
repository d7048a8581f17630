import * as v from "valibot";

/** What a mount can do, found out by trying; null where it could not be tried. */
export const MountSchema = v.object({
  /** `ext4`, `cifs`, `nfs4`, `fuse.sshfs`; null where the system does not tell. */
  type: v.nullable(v.string()),
  fuse: v.boolean(),
  tried: v.nullable(
    v.object({
      /** `broken` is an EIO. */
      hard_link: v.picklist(["yes", "none", "broken"]),
      exclusive_create: v.boolean(),
      /** `lost`: what was open is gone when its reader closes it. */
      rename_over_open: v.picklist(["safe", "refused", "lost"]),
      rename_open: v.boolean(),
      permissions: v.boolean(),
      case_sensitive: v.boolean(),
      fsync: v.boolean(),
    }),
  ),
  /** Why a lake cannot lie there; null where it can. */
  unsuited: v.nullable(v.string()),
  /** What follows, a sentence each. */
  says: v.array(v.string()),
});
export type MountDocument = v.InferOutput<typeof MountSchema>;
