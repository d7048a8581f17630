import { readTaxonomy } from "../lake/taxonomy.ts";
import { foldName, newNameProblem } from "../schema/name-clash.ts";
import { PARTITION_COLUMNS } from "../schema/partition.ts";
import { type Check, collectPlaces, placesFinding } from "./check.ts";

/** Checks that names are distinct on case-insensitive file systems and valid on every mount. */
export const nameCheck: Check = {
  name: "names",
  run: async ({ lake, partitions }) => {
    // An unreadable file is reported by the layout check.
    const { providers, tasks } = await readTaxonomy(lake).catch(() => ({ providers: {}, tasks: {} }));
    const clashes = collectPlaces();
    const unfit = collectPlaces();
    const first = new Map<string, string>();
    const seen = new Set<string>();
    const look = (kind: string, outer: string, name: string) => {
      const path = `${outer}${name}`;
      if (seen.has(`${kind} ${path}`)) return;
      seen.add(`${kind} ${path}`);
      const problem = newNameProblem(name);
      if (problem) unfit.add(`${kind} ${path} ${problem}`);
      const folded = `${kind} ${outer}${foldName(name)}`;
      const other = first.get(folded);
      if (other === undefined) first.set(folded, path);
      else clashes.add(`${kind} ${other} and ${path}`);
    };
    for (const provider of Object.keys(providers)) look("provider", "", provider);
    for (const task of Object.keys(tasks)) look("task", "", task);
    for (const key of partitions) {
      let outer = "";
      for (const column of PARTITION_COLUMNS) {
        look(column, outer, key[column]);
        outer += `${key[column]}/`;
      }
    }
    const move =
      "download what has the name, upload it again under another, then remove its folders in catalog/ and assets/; until then mount this lake with NFS or sshfs, not SMB";
    const findings = [
      ...placesFinding(
        "warning",
        clashes,
        "names differ only in case; through SMB only one of them can be read, and writes to the other go there",
        move,
      ),
      ...placesFinding("warning", unfit, "names cannot be shown by every mount", move),
    ];
    return findings.length > 0 ? findings : "all remain distinct on other file systems";
  },
};
