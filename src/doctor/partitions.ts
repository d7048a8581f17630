import { stat } from "node:fs/promises";
import { isTidy } from "../catalog/metadata.ts";
import { type PartitionState, readPartition } from "../catalog/partition.ts";
import { AppError } from "../errors.ts";
import { hashFile } from "../lake/digest.ts";
import { isMissing } from "../lake/files.ts";
import { loggedTime } from "../schema/metadata.ts";
import { formatPartition } from "../schema/partition.ts";
import { formatQuantity } from "../util/format.ts";
import { type Check, collectPlaces, type DoctorContext, placesFinding } from "./check.ts";

/** Invariant 3: the files of each partition are consistent with each other and with `_metadata.json`. */
export const partitionCheck: Check = {
  name: "partitions",
  run: async (context) => {
    const { lake, database, partitions } = context;
    const broken = collectPlaces();
    const disagreeing = collectPlaces();
    const changed = collectPlaces();
    const dead = collectPlaces();
    const rivals = collectPlaces();
    const modes = collectPlaces();
    const timeless = collectPlaces();
    let rows = 0;
    for (const [at, key] of partitions.entries()) {
      context.signal.throwIfAborted();
      context.onProgress({ label: "partitions", done: at, total: partitions.length });
      let state: PartitionState | undefined;
      try {
        state = await readPartition(database, lake, key);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        broken.add(error.message);
        continue;
      }
      if (state === undefined) continue;
      rows += state.rows;
      if (!(await agrees(context, state))) disagreeing.add(formatPartition(key));
      for (const path of state.deadFiles) dead.add(path);
      for (const path of state.rivals) rivals.add(path);
      const odd = state.uploads.find((entry) => loggedTime(entry) === null);
      if (odd !== undefined)
        timeless.add(`${formatPartition(key)} (${JSON.stringify(odd.uploaded_at.slice(0, 40))})`);
      for (const file of state.files) {
        try {
          const { mode } = await stat(file.path);
          if (context.keepsModes && (mode & 0o777) !== lake.modes.file) modes.add(file.path);
          if (context.full && (await hashFile(file.path)) !== file.sha256) changed.add(file.path);
        } catch (error) {
          if (!isMissing(error)) throw error; // replaced by a newer base in the meantime
        }
      }
    }
    const findings = [
      ...placesFinding(
        "problem",
        broken,
        "partitions cannot be read",
        "restore the files from a backup, or upload the partition again with --mode replace",
      ),
      ...placesFinding(
        "problem",
        changed,
        "partition files have changed since they were written",
        "restore the files from a backup, or upload the partition again with --mode replace",
      ),
      ...placesFinding(
        "problem",
        disagreeing,
        "_metadata.json of partitions is missing or disagrees with the files",
        "the files are right; run `datalake catalog rebuild --full`, which rewrites it",
      ),
      ...placesFinding(
        "problem",
        rivals,
        "two hosts wrote the same version of a partition; the rows of these files are not among its rows",
        "check their contents, upload again what is missing, then remove the files",
      ),
      ...placesFinding(
        "warning",
        dead,
        "files are superseded; readers that follow the versions skip them",
        "the next job removes them, once nobody has them open",
      ),
      ...placesFinding(
        "warning",
        timeless,
        "the log of partitions has invalid times; their rows are not affected",
        "nothing to do: lists show such a time as unknown, and an upload with --mode replace starts a new log",
      ),
      ...placesFinding(
        "warning",
        modes,
        "partition files have other permissions than the settings require",
        `chmod 0${lake.modes.file.toString(8)} them`,
      ),
    ];
    return findings.length > 0
      ? findings
      : `${formatQuantity(partitions.length, "partition")}, ${formatQuantity(rows, "row")}`;
  },
};

/** A commit between the two reads looks like a mismatch; report only a persistent one. */
async function agrees(context: DoctorContext, first: PartitionState): Promise<boolean> {
  let state: PartitionState | undefined = first;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (state === undefined) return true;
    if (await isTidy(context.lake, { ...state, deadFiles: [] })) return true;
    await Bun.sleep(100);
    state = await readPartition(context.database, context.lake, first.key);
  }
  return false;
}
