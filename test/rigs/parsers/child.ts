/**
 * `child.ts SEED COUNT [NAME]` tries that many damaged inputs and writes a line of JSON before each and one after it: a
 * crash or a hang is of the one that has no second line.
 */
import { AppError } from "../../../src/errors.ts";
import { withKit } from "../../ingest/kit.ts";
import { createRandom } from "../random.ts";
import { BROKEN } from "./broken.ts";
import { mutate } from "./mutate.ts";
import { createParsers } from "./parsers.ts";

/** What the process may hold above what it held at first. */
const MEMORY_BYTES = 700e6;

const [seed = 1, count = 1] = process.argv.slice(2, 4).map(Number);
const name = process.argv[4];
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

await withKit(async (kit) => {
  const all = await createParsers(kit);
  const parsers = name === undefined ? all : [...all, ...BROKEN].filter((parser) => parser.name === name);
  for (const parser of parsers) for (const good of parser.good) await parser.parse(Buffer.from(good));
  const before = process.memoryUsage.rss();
  for (let at = 0; at < count; at++) {
    const random = createRandom(seed + at);
    const parser = random.pick(parsers);
    const bytes = mutate(random.pick(parser.good), random);
    say({ seed: seed + at, parser: parser.name });
    let fault: string | undefined;
    try {
      await parser.parse(bytes);
    } catch (error) {
      if (!(error instanceof AppError)) fault = `it throws ${String(error).slice(0, 300)}`;
      else if (error.code === "internal")
        fault = `it throws an internal error, ${error.message.slice(0, 300)}`;
    }
    const grown = process.memoryUsage.rss() - before;
    if (grown > MEMORY_BYTES) fault = `it holds ${Math.round(grown / 1e6)} MB`;
    say({ seed: seed + at, done: true, ...(fault === undefined ? {} : { fault }) });
    if (grown > MEMORY_BYTES) break;
  }
});
process.exit(0);
