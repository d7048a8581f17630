import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { silentLogger } from "../../src/log.ts";
import { openReport } from "../../src/operations/report.ts";
import { runInChild } from "../../src/operations/run-in-child.ts";
import { VERIFY } from "../../src/operations/verify/operation.ts";
import { planSlices, planVerification } from "../../src/operations/verify/plan.ts";
import { createFileProbe, type FileProbe, probeAsset } from "../../src/operations/verify/probe.ts";
import { verifyAssets } from "../../src/operations/verify/verify-assets.ts";
import { openDatabase } from "../../src/query/database.ts";
import {
  type AssetFinding,
  parseVerifyRequest,
  SampleSchema,
  type VerifyRequest,
} from "../../src/schema/verification.ts";
import {
  makeImage,
  makeWorld,
  PROGRAM,
  readRows,
  runProgram,
  stageUpload,
  type World,
} from "../jobs/staging-kit.ts";

setDefaultTimeout(120_000);

let world: World;
/** `path` of the assets of hub/pages, by row. */
let paths: string[];
const fileOf = (row: number) => world.lake.layout.asset(paths[row] ?? "");

const MISSING = 3;
const CUT = 5;
const CHANGED = 7;

beforeAll(async () => {
  world = await makeWorld();
  const images = await Promise.all(Array.from({ length: 12 }, (_, at) => makeImage(at)));
  await stageUpload(
    world,
    images.map((image, at) => ({ text: `${at}`, name: `쪽,${at}.jpg`, image })),
  );
  await stageUpload(world, [{ text: "other", name: "o.jpg", image: await makeImage(99) }], {
    dataset: "other",
  });
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  // Labels of the same dataset name its assets a second time.
  await stageUpload(
    world,
    images.map((_, at) => ({ text: `label ${at}`, reference: `쪽,${at}.jpg` })),
    { task: "ocr", reference: "source_name" },
  );
  const done = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(done.exit).toBe(0);
  const rows = (await readRows(world)) as { text: string; path: string }[];
  paths = rows.sort((a, b) => Number(a.text) - Number(b.text)).map(({ path }) => path);
});

afterAll(() => rm(world.folder, { recursive: true, force: true }));

async function check(
  request: Partial<VerifyRequest>,
  probe?: FileProbe,
  signal?: AbortSignal,
  sliceRows?: number,
) {
  const database = await openDatabase({ scratch: join(world.folder, "check-scratch") });
  const findings: AssetFinding[] = [];
  try {
    const summary = await verifyAssets(parseVerifyRequest(request), {
      lake: world.lake,
      database,
      concurrency: 4,
      ...(sliceRows && { sliceRows }),
      probe: probe ?? createFileProbe(world.lake),
      signal: signal ?? new AbortController().signal,
      onProgress: () => {},
      onFinding: async (finding) => {
        findings.push(finding);
      },
    });
    return { summary, findings };
  } finally {
    database.close();
  }
}

const verify = (...args: string[]) => runProgram(world, ["assets", "verify", "--json", "--quiet", ...args]);

describe("a lake that is whole", () => {
  test("each asset is looked at once, however many rows name it", async () => {
    const { summary, findings } = await check({ hash: true });
    expect(findings).toEqual([]);
    const rows = (await readRows(world)) as { bytes: number }[];
    const other = (await readRows(world, "raw", "image", "other")) as { bytes: number }[];
    const bytes = [...rows, ...other].reduce((sum, row) => sum + row.bytes, 0);
    expect(summary).toMatchObject({
      partitions: 3,
      checked: 13,
      ok: 13,
      missing: 0,
      corrupt: 0,
      integrity: 1,
      bytes_read: bytes,
    });
  });

  test("only the selected partitions are looked at", async () => {
    expect((await check({ datasets: ["other"] })).summary).toMatchObject({ partitions: 1, checked: 1 });
    expect((await check({ tasks: ["ocr"] })).summary).toMatchObject({ partitions: 1, checked: 12 });
    await expect(check({ datasets: ["nowhere"] })).rejects.toMatchObject({ code: "not_found" });
  });

  test("a sample is the same every time, and larger ones contain smaller ones", async () => {
    const sampled = async (sample: string) => {
      const seen: string[] = [];
      const own = createFileProbe(world.lake);
      const size = (path: string) => {
        seen.push(path);
        return own.size(path);
      };
      const probe: FileProbe = { ...own, size };
      await check(parseVerifyRequest({ sample }), probe);
      return seen.sort();
    };
    const half = await sampled("50%");
    expect(half.length).toBeGreaterThan(0);
    expect(half.length).toBeLessThan(13);
    expect(await sampled("50%")).toEqual(half);
    expect(await sampled("80%")).toEqual(expect.arrayContaining(half));
    expect((await sampled("100%")).length).toBe(13);
  });

  test("no more files are looked at at once than is allowed, and a signal ends it", async () => {
    let now = 0;
    let most = 0;
    const stop = new AbortController();
    const full = Promise.withResolvers<void>();
    const size = async () => {
      most = Math.max(most, ++now);
      // The first look as long as there is room for another, each one of the others to let more begin.
      if (now === 4) full.resolve();
      await full.promise;
      await Bun.sleep(1);
      now--;
      return undefined;
    };
    const hash = () => Promise.reject(new Error("not asked for"));
    await check({}, { size, hash });
    expect(most).toBe(4);
    const stopping = async () => {
      stop.abort();
      return undefined;
    };
    await expect(check({}, { hash, size: stopping }, stop.signal)).rejects.toMatchObject({
      code: "cancelled",
    });
  });

  test("what is wrong with one file does not depend on the order of looks", async () => {
    const hash = "a".repeat(64);
    const asset = { path: `provider=p/dataset=d/aa/aa/${hash}.jpg`, hash, sizeBytes: 10 };
    const probe = (size: number | undefined, content: string): FileProbe => ({
      size: async () => size,
      hash: async () => ({ hash: content, sizeBytes: 10 }),
    });
    const look = async (found: FileProbe, withHash = true) => {
      const verdict = await probeAsset(asset, withHash, found);
      return verdict.ok ? "ok" : verdict.problem;
    };
    const failing = (code: string): FileProbe => ({
      size: async () => 10,
      hash: () => Promise.reject(Object.assign(new Error(code), { code })),
    });
    expect(await look(probe(10, hash))).toBe("ok");
    expect(await look(probe(undefined, hash))).toBe("missing");
    expect(await look(probe(9, hash))).toBe("wrong_size");
    expect(await look(probe(10, "b".repeat(64)))).toBe("wrong_hash");
    expect(await look(probe(10, "b".repeat(64)), false)).toBe("ok");
    expect(await look(failing("EIO"))).toBe("unreadable");
    expect(await look(failing("ENOENT"))).toBe("missing");
    expect(await probeAsset({ ...asset, hash: "c".repeat(64) }, false, probe(10, hash))).toMatchObject({
      problem: "wrong_hash",
    });
  });

  test("in slices the same assets are looked at, each once", async () => {
    const own = createFileProbe(world.lake);
    const seen: string[] = [];
    const size = (path: string) => {
      seen.push(path);
      return own.size(path);
    };
    const { summary } = await check({}, { ...own, size }, undefined, 5);
    expect(summary).toMatchObject({ partitions: 3, checked: 13, ok: 13 });
    expect(new Set(seen).size).toBe(13);
  });

  test("the command says so and ends with 0", async () => {
    const { exit, stdout } = await verify("--hash");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ checked: 13, integrity: 1, findings: [], report: null });
  });
});

describe("a damaged lake", () => {
  beforeAll(async () => {
    await rm(fileOf(MISSING));
    await chmod(fileOf(CUT), 0o644);
    await writeFile(fileOf(CUT), (await readFile(fileOf(CUT))).subarray(1));
    await chmod(fileOf(CHANGED), 0o644);
    const bytes = await readFile(fileOf(CHANGED));
    bytes[10] = (bytes[10] ?? 0) ^ 255;
    await writeFile(fileOf(CHANGED), bytes);
    // Files that no row names are nobody's business here.
    await writeFile(
      join(world.lake.layout.datasetAssets({ provider: "hub", dataset: "pages" }), "stray"),
      "x",
    );
  });

  test("what is missing or corrupt is listed with its first row", async () => {
    const { summary, findings } = await check({ hash: true });
    expect(summary).toMatchObject({ checked: 13, ok: 10, missing: 1, corrupt: 2, integrity: 10 / 13 });
    expect(findings.map(({ problem, source_row }) => [problem, source_row])).toEqual([
      ["missing", MISSING],
      ["wrong_size", CUT],
      ["wrong_hash", CHANGED],
    ]);
    expect(findings[0]).toMatchObject({
      path: paths[MISSING],
      provider: "hub",
      dataset: "pages",
      task: "raw",
      variant: "image",
      source_name: `쪽,${MISSING}.jpg`,
      upload_id: expect.stringMatching(/^u[0-9a-f]{32}$/),
      rows: 2,
    });
  });

  test("without --hash only sizes are compared", async () => {
    const { summary } = await check({});
    expect(summary).toMatchObject({ missing: 1, corrupt: 1, bytes_read: 0 });
  });

  test("the command ends with 3 and writes reports by their names, with nothing else beside", async () => {
    const csv = join(world.folder, "report.csv");
    const json = join(world.folder, "report.json");
    const first = await verify("--hash", "--report", csv);
    expect(first.exit).toBe(3);
    const document = JSON.parse(first.stdout);
    expect(document).toMatchObject({ missing: 1, corrupt: 2, report: csv });
    const [head, ...rows] = (await readFile(csv, "utf8")).trimEnd().split("\r\n");
    expect(head).toStartWith(
      "problem,path,expected,found,provider,dataset,task,variant,upload_id,source_row",
    );
    expect(rows.length).toBe(3);
    expect(rows[0]).toContain(`"쪽,${MISSING}.jpg"`);
    expect((await verify("--hash", "--report", json, "--num-proc", "2")).exit).toBe(3);
    const report = JSON.parse(await readFile(json, "utf8"));
    expect(report.findings).toEqual(document.findings);
    expect(report.summary).toMatchObject({ missing: 1, corrupt: 2 });
    expect((await readdir(world.folder)).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  test("a report that cannot be written and a wrong sample are told", async () => {
    const nowhere = await verify("--report", join(world.folder, "no", "such", "report.csv"));
    expect([nowhere.exit, JSON.parse(nowhere.stdout).error.code]).toEqual([4, "not_found"]);
    for (const sample of ["0%", "101%", "much"]) {
      const { exit, stdout } = await verify("--sample", sample);
      expect([sample, exit, JSON.parse(stdout).error.code]).toEqual([sample, 2, "usage"]);
    }
    expect((await verify("--num-proc", "0")).exit).toBe(2);
  });
});

test("shares are read as people write them", () => {
  expect(["5%", "0.5%", "100%", 0.05].map((text) => v.parse(SampleSchema, text))).toEqual([
    0.05, 0.005, 1, 0.05,
  ]);
});

test("names in a selection are data, not SQL", () => {
  const provider = "a' OR '1'='1";
  const held = (name: string) => [
    {
      provider,
      dataset: "d",
      task: "raw",
      variant: "image",
      rows: 1,
      part: 7,
      home: 1,
      cells: { integers: [], numbers: [], texts: [] },
      columns: [{ name, type: "VARCHAR", nulls: 0 }],
    },
  ];
  const plan = planVerification({ hash: false, providers: [provider] }, 'x"y', held("path"));
  expect(plan.datasets).toContain("provider IN ('a'' OR ''1''=''1')");
  const slice = { datasets: [{ provider, dataset: "d" }], at: 0, of: 1 };
  expect(plan.collect(slice)).toContain('FROM "x""y".rows_1 WHERE "@part" IN (7)');
  expect(plan.collect({ ...slice, datasets: [{ provider, dataset: "e" }] })).not.toContain("rows_1");
  expect(planVerification({ hash: false }, "x", held("text")).hasAssets).toBe(false);
});

test("small datasets are collected together, large ones in parts", () => {
  const of = (dataset: string, rows: number) => ({ provider: "p", dataset, partitions: 1, rows });
  expect(planSlices([of("a", 60), of("b", 40)], 100)).toEqual([{ datasets: undefined, at: 0, of: 1 }]);
  const slices = planSlices([of("a", 60), of("big", 250), of("b", 40), of("c", 1)], 100);
  expect(
    slices.map(({ datasets, at, of }) => [datasets?.map(({ dataset }) => dataset).join(), at, of]),
  ).toEqual([
    ["big", 0, 3],
    ["big", 1, 3],
    ["big", 2, 3],
    ["a,b", 0, 1],
    ["c", 0, 1],
  ]);
});

test("a report that is given up leaves nothing, and the old one stays", async () => {
  const path = join(world.folder, "kept.json");
  await writeFile(path, "old");
  const report = await openReport<AssetFinding>(path, ["problem", "path"]);
  await report.discard();
  expect(await readFile(path, "utf8")).toBe("old");
  expect((await stat(path)).size).toBe(3);
});

test("a check that is stopped says so, and leaves neither its process nor a report", async () => {
  const path = join(world.folder, "stopped.csv");
  const stop = new AbortController();
  const running = runInChild(
    VERIFY,
    { hash: true },
    { ...world, selfCommand: PROGRAM, local: { report: path }, logger: silentLogger, signal: stop.signal },
  );
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: "cancelled" });
  expect((await readdir(world.folder)).filter((name) => name.includes("stopped"))).toEqual([]);
});
