import { relative } from "node:path";
import { refuseClash, refuseNewName } from "../schema/name-clash.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import { shownNamesIn } from "./files.ts";
import { refreshListing } from "./fresh-listing.ts";
import type { Lake } from "./lake.ts";

export type WaitingKey = PartitionKey & { upload_id: string };

/** A name that a partition would add, and those beside which it would stand. */
export interface AddedName {
  column: keyof PartitionKey;
  name: string;
  others: string[];
}

/**
 * Gives the names that a partition would add. Throws `invalid_name` or `name_clash`, naming the existing one, if a partition would add a name that
 * differs from an existing one only in case, or that a mount cannot show. Existing names may stay in use.
 * `waiting`: uploads that will create names; `lookAnew`: refresh listings of network mounts, which needs
 * write permission.
 */
export async function refuseNewNames(
  lake: Lake,
  key: PartitionKey,
  { waiting = [], lookAnew = false }: { waiting?: readonly WaitingKey[]; lookAnew?: boolean } = {},
): Promise<AddedName[]> {
  const added: AddedName[] = [];
  for (const [level, column] of PARTITION_COLUMNS.entries()) {
    const name = key[column];
    const taken = await takenNames(lake, key, level, lookAnew);
    if (taken.has(name)) continue;
    refuseNewName(column, name, taken);
    const outer = PARTITION_COLUMNS.slice(0, level);
    const beside = waiting.filter((other) => outer.every((one) => other[one] === key[one]));
    refuseClash(column, name, new Map(beside.map((one) => [one[column], `upload ${one.upload_id}`])));
    const others = [...taken.keys(), ...beside.map((one) => one[column])];
    if (!others.includes(name)) added.push({ column, name, others });
  }
  return added;
}

/** Existing names of one level: for `level` 1 the datasets of the key's provider. */
async function takenNames(
  lake: Lake,
  key: PartitionKey,
  level: number,
  lookAnew: boolean,
): Promise<Map<string, string>> {
  const column = PARTITION_COLUMNS[level] as keyof PartitionKey;
  const { catalog, assets } = lake.layout.foldersOfNames(key, level);
  const taken = new Map<string, string>();
  for (const folder of assets === undefined ? [catalog] : [assets, catalog]) {
    if (lookAnew) await refreshListing(folder);
    for (const entry of await shownNamesIn(folder)) {
      if (!entry.startsWith(`${column}=`)) continue;
      const name = entry.slice(`${column}=`.length).normalize("NFC");
      // Assets are stored before the commit, so an equal name there is no conflict.
      if (folder === assets && name === key[column]) continue;
      taken.set(name, `${relative(lake.root, folder)}/${entry}`);
    }
  }
  return taken;
}
