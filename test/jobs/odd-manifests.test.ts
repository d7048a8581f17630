import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { listUploadsOf } from "../../src/jobs/upload-list.ts";
import { openWork, type Work } from "../../src/jobs/work.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { acquireLease, type Lease } from "../../src/lake/lease.ts";
import { silentLogger } from "../../src/log.ts";
import type { UploadOutcome } from "../../src/schema/job.ts";
import { createJobId } from "../../src/schema/names.ts";
import {
  makeImage,
  makeWorld,
  type StagedRowInput,
  type StageOptions,
  stageUpload,
  type World,
} from "./staging-kit.ts";

setDefaultTimeout(240_000);

let world: World;
let lease: Lease;
let work: Work;
let row: StagedRowInput;

beforeAll(async () => {
  world = await makeWorld();
  const { lake, settings, folder } = world;
  lease = await acquireLease(lake.layout.workLease, { purpose: "a test" });
  work = await openWork({
    lake,
    settings,
    jobId: createJobId(),
    folder: join(folder, "job"),
    workerUrl: new URL("../../src/worker.ts", import.meta.url),
    holder: lease.holder,
    confirm: lease.confirm,
    logger: silentLogger,
    onProgress: () => {},
  });
  row = { text: "a", name: "a.jpg", image: await makeImage(1) };
  await processOne(await stageUpload(world, [row]));
});
afterAll(async () => {
  await work.close();
  await lease.release();
  await rm(world.folder, { recursive: true, force: true });
});

function processOne(upload_id: string): Promise<UploadOutcome> {
  return work.process(
    { type: "process", upload_id, suspects: [], quarantined: [] },
    new AbortController().signal,
  );
}

async function changeManifest(uploadId: string, change: (manifest: Record<string, unknown>) => unknown) {
  const { stagedAt } = createUploadLayout(join(world.lake.layout.pending, uploadId)).manifest;
  const manifest = JSON.parse(await readFile(stagedAt, "utf8"));
  const changed = change(manifest);
  await writeFile(stagedAt, typeof changed === "string" ? changed : JSON.stringify(manifest));
}

const KINDS: [string, (dataset: string) => [StagedRowInput[], StageOptions]][] = [
  ["images", (dataset) => [[row], { dataset }]],
  ["text", (dataset) => [[{ text: "b" }], { dataset, variant: "text" }]],
  [
    "labels",
    (variant) => [[{ text: "c", reference: "a.jpg" }], { task: "ocr", variant, reference: "source_name" }],
  ],
];

let deep: unknown = 1;
for (let at = 0; at < 20_000; at++) deep = [deep];
const JUNK = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown[]>(
      null,
      true,
      -1,
      1.5,
      1e308,
      2 ** 53,
      "",
      "yesterday",
      "raw",
      "hash",
    ),
  },
  fc.constantFrom<unknown[]>(
    "..",
    "a/b",
    "\ud800",
    "\0",
    "\u001b[2J",
    "x".repeat(20_000),
    "999999999999999999999",
    deep,
  ),
  fc.constantFrom<unknown[]>(
    [],
    {},
    [null],
    { a: 1 },
    { "a\0": "b" },
    { "\ud800": { dtype: "x", _type: "Value" } },
  ),
  fc.constantFrom<unknown[]>(
    [{ name: "text", type: "BIGINT" }],
    [{ name: 'a" , "b', type: "VARCHAR" }],
    [{ name: "hash", type: "VARCHAR); --" }],
  ),
  { weight: 2, arbitrary: fc.string() },
  fc.integer(),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);

/** Of the person who uploaded, or of the lake: never of this program. */
const REASONS = [
  "corrupt",
  "invalid_schema",
  "partition_exists",
  "not_found",
  "too_many_rejects",
  "type_mismatch",
];

let count = 0;
for (const [kind, make] of KINDS) {
  test(`whatever one value of the manifest of ${kind} is, the upload is done or failed with a reason, and the next is done`, async () => {
    const fields = Object.keys(JSON.parse(await manifestOf(make)));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), JUNK, async (field, junk) => {
        const [rows, options] = make(`d${count++}`);
        const odd = await stageUpload(world, rows, options);
        await changeManifest(odd, (manifest) => {
          manifest[field] = junk;
        });
        const outcome = await processOne(odd);
        if (outcome.status === "failed") {
          expect(REASONS).toContain(outcome.error?.code ?? "");
          const [failed] = (await listUploadsOf(world.lake, { completed: 0 })).filter(
            (one) => one.upload_id === odd,
          );
          expect(failed).toMatchObject({ status: "failed", error: { code: outcome.error?.code } });
        } else expect(outcome).toMatchObject({ status: "completed", rows: 1, rejected: 0 });
        await rm(join(world.lake.layout.failed, odd), { recursive: true, force: true });
        await rm(join(world.lake.layout.processing, odd), { recursive: true, force: true });
        const [goodRows, goodOptions] = make(`d${count++}`);
        const good = await processOne(await stageUpload(world, goodRows, goodOptions));
        expect(good).toMatchObject({ status: "completed", rows: 1 });
      }),
      { numRuns: 25 },
    );
    expect(await work.finish({ type: "finish", partitions: [] }, new AbortController().signal)).toEqual({
      generation: expect.any(Number),
    });
  });
}

async function manifestOf(make: (typeof KINDS)[number][1]): Promise<string> {
  const [rows, options] = make("fields");
  const uploadId = await stageUpload(world, rows, options);
  const { folder, manifest } = createUploadLayout(join(world.lake.layout.pending, uploadId));
  const text = await readFile(manifest.stagedAt, "utf8");
  await rm(folder, { recursive: true });
  return text;
}

test("what is wrong with a manifest is told by its field", async () => {
  const cases: [string, unknown, RegExp][] = [
    [
      "created_at",
      "yesterday",
      /its upload.json is wrong at created_at: is not a time .*; upload the data again/,
    ],
    ["created_by", "a\nb", /created_by: contains control characters/],
    ["rows", -1, /rows: is not a count/],
    ["provider", "..", /provider: the name/],
    [
      "columns",
      [
        { name: "text", type: "VARCHAR" },
        { name: "text", type: "VARCHAR" },
      ],
      /columns: name one column twice/,
    ],
    ["columns", [{ name: "Text", type: "VARCHAR" }], /columns.0.name: is not the name of a stored column/],
    ["columns", [{ name: "text", type: "NOPE" }], /columns.0.type: is not the type/],
    ["description", "x".repeat(10_001), /description: has more than 10000 characters/],
    ["variant", "words", /raw data has no variant words/],
    ["task", "ocr", /an upload of type raw cannot be of the task ocr/],
    ["features", { text: deep }, /nests deeper than 256 levels/],
  ];
  for (const [field, value, reason] of cases) {
    const odd = await stageUpload(world, [row], { dataset: "told" });
    await changeManifest(odd, (manifest) => {
      manifest[field] = value;
    });
    const outcome = await processOne(odd);
    expect([field, outcome.error?.code]).toEqual([field, "corrupt"]);
    expect(outcome.error?.message).toMatch(reason);
  }
});
