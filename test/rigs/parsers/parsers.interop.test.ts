import { expect, setDefaultTimeout, test } from "bun:test";
import { BROKEN } from "./broken.ts";
import { tryMutations } from "./parsers-rig.ts";

setDefaultTimeout(900_000);

const options = { seed: 1, minutes: 10, say: () => {} };

test("damaged files, documents and headers are refused by the product's own errors", async () => {
  expect(await tryMutations({ ...options, count: 1000 })).toEqual([]);
});

test.each(BROKEN.map(({ name }) => name))("a parser that is %s is found out", async (parser) => {
  const found = await tryMutations({ ...options, count: 3, parser, patienceMs: 10_000 });
  expect(found[0]).toContain(parser);
});
