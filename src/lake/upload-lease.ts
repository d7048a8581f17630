import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { removeTree } from "./files.ts";
import { giveOpenPermissions } from "./group.ts";
import type { StagedPath } from "./layout.ts";
import { inspectLease } from "./lease.ts";
import type { LeaseHolder } from "./lease-holder.ts";
import { SAFE_FLAGS } from "./staged-file.ts";
import { inFolder } from "./staged-folder.ts";

/**
 * Records which process works on a claimed upload, for people and `doctor`; the claim itself is the rename.
 */
export async function writeUploadLease(place: StagedPath, holder: LeaseHolder, mode: number): Promise<void> {
  await inFolder(place, async (path) => {
    await removeTree(path); // left by a dead process, or foreign
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | SAFE_FLAGS, mode);
    try {
      await handle.writeFile(JSON.stringify(holder));
      await giveOpenPermissions(handle, dirname(path), mode);
    } finally {
      await handle.close();
    }
  });
}

/** Whether the recorded process is alive. */
export async function isUploadInWork({ stagedAt }: StagedPath): Promise<boolean> {
  return (await inspectLease(stagedAt))?.alive ?? false;
}

/** Refreshes the lease. */
export async function touchUploadLease({ stagedAt }: StagedPath): Promise<void> {
  const handle = await open(stagedAt, constants.O_RDONLY | SAFE_FLAGS);
  try {
    const now = new Date();
    await handle.utimes(now, now);
  } finally {
    await handle.close();
  }
}
