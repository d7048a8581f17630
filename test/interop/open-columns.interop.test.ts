import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatalakeClient } from "../../src/client/index.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";
import {
  downloadRows,
  expectTyped,
  firsts,
  jsonLines,
  KINDS,
  nexts,
  processAll,
} from "../ingest/open-kit.ts";
import { makeWorld, type World } from "../jobs/staging-kit.ts";
import { runPython } from "./python.ts";

setDefaultTimeout(300_000);

/** Objects state the types of their members. */
const LISTS = KINDS.filter(([first]) => !first.includes("{"));
const FORMS = ["pyarrow.parquet", "pyarrow.feather", "pyarrow.arrow", "saved", "datasets.parquet"];

let world: World;
let database: Database;
let client: DatalakeClient;
beforeAll(async () => {
  world = await makeWorld();
  database = await openDatabase({ scratch: join(world.folder, "judge"), memory: "400MB", threads: 2 });
  client = new DatalakeClient({ basePath: world.lake.root, numProc: 1 });
});
afterAll(async () => {
  client.close();
  database.close();
  await rm(world.folder, { recursive: true, force: true });
});

test.each(["datasets-2.14", "datasets-4"])(
  "lists of null of %s take the type of what is beside them",
  async (python) => {
    const made = join(world.folder, python);
    await runPython(
      python,
      "make_open.py",
      made,
      JSON.stringify(firsts(LISTS).map((text) => JSON.parse(text))),
    );
    const next = await jsonLines(world.folder, `${python}-next`, nexts(LISTS));
    for (const [at, form] of FORMS.entries()) {
      const open = join(made, form);
      for (const [dataset, first, then] of [
        [`${python}-before-${at}`, open, next],
        [`${python}-after-${at}`, next, open],
      ] as const) {
        const { columns } = await client.uploadRawData({ provider: "hub", dataset, input: first });
        if (first === open) expect(columns.map((column) => column.open)).toEqual(LISTS.map(() => true));
        await client.uploadRawData({ provider: "hub", dataset, input: then, mode: "append" });
      }
    }
    await processAll(client);
    for (const at of FORMS.keys()) {
      const rows = (order: string) =>
        downloadRows(client, database, world.folder, [`${python}-${order}-${at}`]);
      expectTyped(await rows("before"), LISTS);
      expectTyped(await rows("after"), LISTS, "last");
    }
  },
);
