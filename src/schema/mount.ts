import * as v from "valibot";

/** Capabilities of a mount, found by probing; null if they could not be probed. */
export const MountSchema = v.object({
  /** `ext4`, `cifs`, `nfs4`, `fuse.sshfs`; null if unknown. */
  type: v.nullable(v.string()),
  fuse: v.boolean(),
  tried: v.nullable(
    v.object({
      /** `broken`: EIO. */
      hard_link: v.picklist(["yes", "none", "broken"]),
      exclusive_create: v.boolean(),
      /** `lost`: the open file is gone after its reader closes it. */
      rename_over_open: v.picklist(["safe", "refused", "lost"]),
      rename_open: v.boolean(),
      permissions: v.boolean(),
      case_sensitive: v.boolean(),
      fsync: v.boolean(),
    }),
  ),
  /** Why it cannot hold a lake; null if it can. */
  unsuited: v.nullable(v.string()),
  /** Consequences, one sentence each. */
  says: v.array(v.string()),
});
export type MountDocument = v.InferOutput<typeof MountSchema>;
