import { existsSync } from "node:fs";
import { openDatabase } from "../../src/query/database.ts";

/**
 * A reader as another program is one: opens the published catalog again and again until the file `stop` is there, and
 * checks that what it sees is one generation. Prints how many times it looked and how many generations it saw.
 */
const [catalogFile = "", scratch = "", stop = "", started = ""] = process.argv.slice(2);
const generations = new Set<number>();
let looks = 0;
await Bun.write(started, "");
while (!existsSync(stop)) {
  const database = await openDatabase({ path: catalogFile, readOnly: true, scratch, threads: 1 });
  const look = async () => {
    const [seen] = await database.rows<{
      generation: number;
      listed: number;
      rows: number;
      marks: number;
      mark: number;
    }>(
      `SELECT (SELECT generation FROM lake) AS generation, (SELECT sum(rows)::BIGINT FROM partitions) AS listed,
         count(*) AS rows, count(DISTINCT mark) AS marks, max(mark) AS mark FROM catalog`,
    );
    if (!seen || seen.listed !== seen.rows || seen.marks !== 1 || seen.mark !== seen.generation) {
      throw new Error(`a mix: ${JSON.stringify(seen)}`);
    }
    generations.add(seen.generation);
    return seen.generation;
  };
  // Within one opening the generation stays, whatever is published meanwhile.
  const first = await look();
  if ((await look()) !== first) throw new Error("the generation changed under an open database");
  database.close();
  looks++;
  await Bun.sleep(100); // leaves the machine to the publisher
}
process.stdout.write(JSON.stringify({ looks, generations: generations.size }));
process.exit(0);
