/** A host whose commit hangs, and is carried out long after another host has taken the lake over. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { compactPartition } from "../../src/catalog/compact.ts";
import { readPartition } from "../../src/catalog/partition.ts";
import type { CommitEffects } from "../../src/catalog/place.ts";
import { selectRows } from "../../src/catalog/rows.ts";
import { commitUpload } from "../../src/catalog/write.ts";
import { AppError } from "../../src/errors.ts";
import { sweepWork } from "../../src/jobs/sweep.ts";
import { initLake, type Lake, openLake } from "../../src/lake/lake.ts";
import { readPartitionMetadata } from "../../src/lake/manifests.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";
import type { UploadMode } from "../../src/schema/upload.ts";
import { mountTwo, type TwoMounts } from "../rigs/fuse/two-mounts.ts";
import { KEY, makeManifest } from "./lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

/** A host with its mount of the lake. */
interface Host {
  lake: Lake;
  database: Database;
}

let mounts: TwoMounts;
const databases: Database[] = [];
beforeAll(async () => {
  mounts = await mountTwo({ behaviour: "plain" });
  for (const name of ["a", "b"])
    databases.push(await openDatabase({ scratch: join(mounts.scratch, name), threads: 1 }));
});
afterAll(async () => {
  for (const database of databases) database.close();
  await mounts[Symbol.asyncDispose]();
});

type Step = [UploadMode, string] | "compact";

async function act({ lake, database }: Host, step: Step, effects: CommitEffects = {}): Promise<void> {
  if (step === "compact") {
    const state = await readPartition(database, lake, KEY);
    if (state !== undefined) await compactPartition(database, lake, state, effects);
    return;
  }
  const [mode, id] = step;
  const select = `SELECT range AS id, '${id}' AS upload FROM range(${ROWS_OF[id]})`;
  const manifest = { ...makeManifest(mode), upload_id: `u${id.padStart(32, "0")}` };
  await commitUpload(database, lake, { manifest, select, rejected: 0, ...effects });
}

const ROWS_OF: Record<string, number> = { "0": 5, "1": 7, "2": 11, "3": 13 };

/** The uploads whose rows a host finds, each with how many. */
async function contents({ lake, database }: Host): Promise<Record<string, number>> {
  const state = await readPartition(database, lake, KEY);
  if (state === undefined) return {};
  const rows = await database.rows<{ upload: string; n: number }>(
    `SELECT upload, count(*) AS n FROM (${selectRows(state.files, state.columns)}) GROUP BY ALL ORDER BY ALL`,
  );
  return Object.fromEntries(rows.map(({ upload, n }) => [upload, n]));
}

interface Story {
  before: Step[];
  /** What hangs at the one host, and which name it is to give. */
  held: Step;
  name: string;
  /** What the other host does meanwhile. */
  meanwhile: Step[];
  /** The uploads that count in the end. */
  after: string[];
}

const create: Step = ["create", "0"];
const append = (id: string): Step => ["append", id];
const replace = (id: string): Step => ["replace", id];
const STORIES: Story[] = [
  { before: [], held: create, name: "data", meanwhile: [create], after: ["0"] },
  { before: [], held: create, name: "data", meanwhile: [create, append("1")], after: ["0", "1"] },
  { before: [], held: create, name: "data", meanwhile: [create, replace("1")], after: ["1"] },
  { before: [], held: create, name: "data", meanwhile: [append("2"), append("3")], after: ["2", "3"] },
  { before: [create], held: append("1"), name: "data-00000002", meanwhile: [append("1")], after: ["0", "1"] },
  {
    before: [create],
    held: append("1"),
    name: "data-00000002",
    meanwhile: [append("2"), append("1")],
    after: ["0", "1", "2"],
  },
  {
    before: [create],
    held: append("1"),
    name: "data-00000002",
    meanwhile: [append("1"), append("2"), "compact"],
    after: ["0", "1", "2"],
  },
  {
    before: [create],
    held: append("1"),
    name: "data-00000002",
    meanwhile: [replace("2"), append("1")],
    after: ["1", "2"],
  },
  {
    before: [create, append("1")],
    held: replace("2"),
    name: "base-00000003",
    meanwhile: [replace("2"), append("3")],
    after: ["2", "3"],
  },
  {
    before: [create, append("1")],
    held: replace("2"),
    name: "base-00000003",
    meanwhile: [append("3")],
    after: ["0", "1", "3"],
  },
  {
    before: [create, append("1")],
    held: replace("2"),
    name: "base-00000003",
    meanwhile: [append("3"), "compact"],
    after: ["0", "1", "3"],
  },
  {
    before: [create, append("1")],
    held: "compact",
    name: "base-00000002",
    meanwhile: ["compact", append("2")],
    after: ["0", "1", "2"],
  },
  {
    before: [create, append("1")],
    held: "compact",
    name: "base-00000002",
    meanwhile: [append("2"), "compact", append("3")],
    after: ["0", "1", "2", "3"],
  },
  {
    before: [create, append("1")],
    held: "compact",
    name: "base-00000002",
    meanwhile: [replace("2")],
    after: ["2"],
  },
];

let lakes = 0;

async function tell({ before, held, name, meanwhile, after }: Story, isSwept: boolean): Promise<void> {
  const folder = `lake${lakes++}`;
  const [databaseA, databaseB] = databases as [Database, Database];
  const { lake } = await initLake(join(mounts.a.at, folder));
  const a: Host = { lake, database: databaseA };
  for (const step of before) await act(a, step);
  const hold = await mounts.a.hold(`${folder}/catalog/**/${name}.parquet`, { freeze: true });
  let isLost = false;
  const confirm = async () => {
    if (isLost) throw new AppError("locked", "another has the lease");
  };
  const hanging = act(a, held, { confirm }).then(
    () => "done",
    (error) => error.code,
  );
  await hold.held;
  isLost = true;
  const b: Host = { lake: await openLake(join(mounts.b.at, folder)), database: databaseB };
  if (isSwept) {
    await sweepWork(b.lake, (_, error) => {
      throw error;
    });
  }
  for (const step of meanwhile) await act(b, step);
  const expected = Object.fromEntries(after.map((id) => [id, ROWS_OF[id] ?? 0]));
  expect(await contents(b)).toEqual(expected);
  const { result } = await hold.release();
  if (isSwept) expect(["ENOENT", "EEXIST"]).toContain(result);
  expect(["locked", "conflict"]).toContain(await hanging);
  for (const host of [a, b]) expect(await contents(host)).toEqual(expected);
  // Whoever comes next finds nothing in the way.
  await act(b, append("3"));
  const ids = [...new Set([...after, "3"])];
  expect(await contents(b)).toEqual(Object.fromEntries(ids.map((id) => [id, ROWS_OF[id] ?? 0])));
  const { files } = (await readPartitionMetadata(b.lake, KEY)) ?? {};
  expect(files?.map((file) => file.version)).toEqual(
    (await readPartition(databaseB, b.lake, KEY))?.files.map((file) => file.version) ?? [],
  );
}

const describeStep = (step: Step) => (step === "compact" ? step : step.join(" "));

const titleOf = ({ held, meanwhile }: Story) =>
  `${describeStep(held)}, while another does ${meanwhile.map(describeStep).join(", ")}`;

for (const story of STORIES)
  test(`a late ${titleOf(story)}, takes back what it gave a name`, () => tell(story, false));

const ONE_OF_EACH = [...new Map(STORIES.map((story) => [story.name, story])).values()];
for (const story of ONE_OF_EACH)
  test(`a late ${titleOf(story)}, finds its work file gone`, () => tell(story, true));
