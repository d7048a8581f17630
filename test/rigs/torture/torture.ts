import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/query/database.ts";
import { attachCatalog } from "../../../src/query/duckdb/catalog-file.ts";
import { builtBinary, runCommand } from "../../binary/binary.ts";
import { makeImage } from "../../jobs/staging-kit.ts";
import { signalProcess } from "../../signal-process.ts";
import { type Acknowledged, checkLake } from "../lake-check.ts";
import { createRandom, type Random } from "../random.ts";
import type { Rig, RigOptions } from "../rig.ts";

export const tortureRig: Rig = {
  summary: "uploads, processes, rebuilds, serves and reads at once, and kills all of it at random",
  run: async (options) => {
    const world = await makeTortureWorld();
    try {
      return await torture(world, options);
    } finally {
      await rm(world.folder, { recursive: true, force: true });
    }
  },
};

export interface TortureWorld {
  folder: string;
  lake: string;
  binary: string;
  env: Record<string, string>;
  /** What uploaders were told, in that order. */
  acknowledged: Acknowledged[];
}

export async function makeTortureWorld(): Promise<TortureWorld> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-torture-"));
  const lake = join(folder, "lake");
  const env = {
    HOME: folder,
    DATALAKE_LAKE: lake,
    DATALAKE_SCRATCH: join(folder, "scratch"),
    DATALAKE_PROCESSING_NUM_PROC: "1",
    DATALAKE_CATALOG_RECENT_FROM: "0B", // appends go to the small file, whatever the size of the other
  };
  const binary = await builtBinary();
  for (const args of [["init"], ["config", "provider", "create", "hub"]]) {
    const { code, stderr } = await runCommand([binary, ...args], { cwd: folder, env });
    if (code !== 0) throw new Error(stderr);
  }
  return { folder, lake, binary, env, acknowledged: [] };
}

const UPLOADERS = 2;

/** Runs everything until the time is over, brings the lake to rest, and gives what is wrong with it then. */
export async function torture(world: TortureWorld, { seed, minutes, say }: RigOptions): Promise<string[]> {
  const deadline = Date.now() + minutes * 60_000;
  const found: string[] = [];
  const kills = { count: 0 };
  const until = async (number: number, step: (random: Random, round: number) => Promise<void>) => {
    const random = createRandom(seed * 1000 + number);
    for (let round = 0; Date.now() < deadline; round++) await step(random, round);
  };
  const run = (args: string[], lifeMs?: number) => runForLife(world, args, kills, lifeMs);
  await Promise.all([
    ...Array.from({ length: UPLOADERS }, (_, number) => {
      const uploader = createUploader(world, number, run);
      return until(number, uploader);
    }),
    until(10, async (random) => {
      await run(
        ["process", "start", "--wait", "--quiet"],
        random.chance(0.5) ? random.below(4000) : undefined,
      );
    }),
    until(11, async (random) => {
      await run(["catalog", "rebuild", "--quiet"], random.chance(0.5) ? random.below(1500) : undefined);
      await Bun.sleep(random.below(1000));
    }),
    until(12, async (random) => {
      await run(["serve", "--port", "0", "--auto-process"], 1000 + random.below(8000));
      await Bun.sleep(random.below(4000));
    }),
    until(13, async () => {
      const fault = await readCatalog(world);
      if (fault !== undefined) found.push(fault);
      await Bun.sleep(300);
    }),
  ]);
  await settle(world, found);
  say(
    `${world.acknowledged.length} uploads acknowledged, ${kills.count} processes killed, ${found.length} faults`,
  );
  return found;
}

interface Ended {
  code: number | null;
  stdout: string;
}

/** Runs a command and kills it, or one of its children, when its life is over. */
async function runForLife(
  { binary, env, folder }: TortureWorld,
  args: string[],
  kills: { count: number },
  lifeMs?: number,
): Promise<Ended> {
  const child = Bun.spawn([binary, ...args], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const timer =
    lifeMs === undefined
      ? undefined
      : setTimeout(async () => {
          if (child.exitCode !== null) return;
          kills.count++;
          const children = await childrenOf(child.pid);
          // Of what works in a child, now and then only that dies; it is restarted.
          const [first] = children;
          if (first !== undefined && lifeMs % 3 === 0 && args[0] !== "serve") signalProcess(first, "SIGKILL");
          else child.kill("SIGKILL");
        }, lifeMs);
  const stdout = await new Response(child.stdout).text();
  await child.exited;
  clearTimeout(timer);
  return { code: child.exitCode, stdout };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}

/** Uploads to datasets of its own, one after the other: texts or pages, new, appended or replacing. */
function createUploader(
  { folder, acknowledged }: TortureWorld,
  number: number,
  run: (args: string[], lifeMs?: number) => Promise<Ended>,
) {
  let dataset: { name: string; kind: Kind } | undefined;
  return async (random: Random, round: number): Promise<void> => {
    const isNew = dataset === undefined || random.chance(0.25);
    if (dataset === undefined || isNew) dataset = { name: `d${number}-${round}`, kind: random.pick(KINDS) };
    const mode = isNew ? "create" : random.chance(0.2) ? "replace" : "append";
    const input = join(folder, `input-${number}-${round}`);
    const path = await makeInput(input, dataset.kind, random, number * 10_000 + round);
    const args = [
      "upload",
      path,
      "--type",
      "raw",
      "--provider",
      "hub",
      "--dataset",
      dataset.name,
      "--mode",
      mode,
    ];
    const life = random.chance(0.3) ? random.below(1200) : undefined;
    const { code, stdout } = await run([...args, "--json"], life);
    await rm(input, { recursive: true, force: true });
    if (code === 0) {
      const { upload_id, rows, variant } = JSON.parse(stdout);
      const partition = `provider=hub/dataset=${dataset.name}/task=raw/variant=${variant}`;
      acknowledged.push({ upload_id, rows, partition });
    } else if (isNew) {
      dataset = undefined; // whether it is there nobody knows
    }
  };
}

const KINDS = ["texts", "pages"] as const;
type Kind = (typeof KINDS)[number];

/** A file of texts, or a folder of pages of which some come again. */
async function makeInput(folder: string, kind: Kind, random: Random, seed: number): Promise<string> {
  await mkdir(folder);
  const count = 1 + random.below(5);
  if (kind === "texts") {
    const path = join(folder, "rows.jsonl");
    const rows = Array.from(
      { length: count },
      (_, row) => `${JSON.stringify({ text: `글 ${seed}-${row}` })}\n`,
    );
    await writeFile(path, rows.join(""));
    return path;
  }
  for (let page = 0; page < count; page++) {
    const format = random.pick(["png", "jpeg"] as const);
    await writeFile(join(folder, `쪽-${page}.${format}`), await makeImage(random.below(1000), format));
  }
  return folder;
}

/** What a reader sees is one generation: its list of partitions counts the rows that are there. */
async function readCatalog({ lake, folder }: TortureWorld): Promise<string | undefined> {
  const file = join(lake, "catalog.duckdb");
  if (!(await Bun.file(file).exists())) return undefined;
  try {
    const database = await openDatabase({ scratch: join(folder, "reader"), threads: 1 });
    try {
      await attachCatalog(database, file, "seen");
      const [seen] = await database.rows<{ listed: number; there: number }>(
        "SELECT (SELECT coalesce(sum(rows), 0)::INT FROM seen.partitions) AS listed, count(*)::INT AS there FROM seen.catalog",
      );
      if (seen?.listed !== seen?.there)
        return `a reader saw ${seen?.there} rows where ${seen?.listed} are listed`;
      return undefined;
    } finally {
      database.close();
    }
  } catch (error) {
    return `a reader could not open the catalog: ${(error as Error).message}`;
  }
}

/** Lets the work end undisturbed, then looks. */
async function settle(world: TortureWorld, found: string[]): Promise<void> {
  const { binary, env, folder, lake, acknowledged } = world;
  const run = (...args: string[]) => runCommand([binary, ...args], { cwd: folder, env });
  for (let round = 0; round < 5; round++) {
    const { code, stdout, stderr } = await run("process", "start", "--wait", "--json");
    // 1: an upload failed, as one does that took its process along twice.
    if (code !== 0 && code !== 1) found.push(`process start ended with ${code}: ${stderr || stdout}`);
    const left = await Promise.all(
      ["pending", "processing"].map((part) => readdir(join(lake, "staging", part))),
    );
    if (left.flat().every((name) => name.startsWith("."))) break;
  }
  const rebuilt = await run("catalog", "rebuild", "--json");
  if (rebuilt.code !== 0) found.push(`catalog rebuild ended with ${rebuilt.code}: ${rebuilt.stderr}`);
  const { stdout } = await run("doctor", "--full", "--json");
  for (const { name, status, message } of JSON.parse(stdout).checks)
    if (status === "problem" && name !== "uploads") found.push(`doctor finds ${name}: ${message}`);
  found.push(...(await checkLake(lake, { acknowledged, settled: true })));
}
