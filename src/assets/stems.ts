import type { Database } from "bun:sqlite";
import { stemsOf } from "../util/source-stem.ts";

/** Asset names by stem: built at the first look-up by stem, then maintained. */
export interface StemIndex {
  find(stem: string): string[];
  add(sourceName: string): void;
}

/** The stem index of an asset database, beside its table `names`. */
export function stemIndex(database: Database): StemIndex {
  const isThere = () =>
    database.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'stems'").get() !== null;
  let known = isThere();
  const insert = (sourceName: string) => {
    const into = database.query("INSERT OR IGNORE INTO stems VALUES (?, ?)");
    for (const stem of stemsOf(sourceName)) into.run(stem, sourceName);
  };
  const make = database.transaction(() => {
    database.run(`CREATE TABLE stems (stem TEXT NOT NULL, source_name TEXT NOT NULL,
      PRIMARY KEY (stem, source_name)) WITHOUT ROWID`);
    const names = database.query<{ source_name: string }, []>("SELECT DISTINCT source_name FROM names");
    for (const { source_name } of names.iterate()) insert(source_name);
  });
  return {
    find(stem) {
      if (!known) make();
      known = true;
      const rows = database.query<{ source_name: string }, [string]>(
        "SELECT source_name FROM stems WHERE stem = ? ORDER BY source_name",
      );
      return rows.all(stem).map(({ source_name }) => source_name);
    },
    add(sourceName) {
      if (known) insert(sourceName);
    },
  };
}
