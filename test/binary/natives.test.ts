/** The binary alone: DuckDB, sharp and workers from an empty folder, without Bun, node_modules or a helpful machine. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmod, exists, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtBinary, type Run, runBinary, runCommand } from "./binary.ts";
import { makeLake } from "./lake.ts";

setDefaultTimeout(120_000);

let folder: string;
let lake: string;
let warm: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-natives-"));
  warm = { HOME: join(folder, "home") };
  await builtBinary();
  lake = await makeLake(folder, 4, warm);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** `catalog partitions` needs DuckDB; its answer shows that the images of the lake went through sharp. */
async function look(env: Record<string, string>, cwd = folder): Promise<Run> {
  return runBinary(["catalog", "partitions", "--json", "--lake", lake], { cwd, env });
}

function expectPages(run: Run): void {
  expect(run.stderr).toBe("");
  expect(run.code).toBe(0);
  expect(JSON.parse(run.stdout).partitions).toMatchObject([{ provider: "aihub", dataset: "pages", rows: 4 }]);
}

test("processes images and reads the catalog", async () => {
  expectPages(await look(warm));
  expect(
    (await readdir(join(folder, "home/.cache/datalake/native"))).map((name) => name.split("-")[0]).sort(),
  ).toEqual(["duckdb", "sharp"]);
});

test("starts without HOME, and with a TMPDIR that does not exist", async () => {
  expectPages(await look({}));
  expectPages(await look({ TMPDIR: join(folder, "missing") }));
});

test("starts in a folder that cannot be written", async () => {
  expectPages(await look(warm, "/proc"));
});

test("two first starts at the same time share one cache", async () => {
  const cache = join(folder, "shared");
  for (const run of await Promise.all([1, 2, 3].map(() => look({ DATALAKE_CACHE: cache })))) expectPages(run);
  const left = await readdir(join(cache, "native"));
  expect(left).toHaveLength(1);
  expect(left[0]).toStartWith("duckdb-");
});

test("the cache of a config file is used by the command, its child and the workers", async () => {
  const cache = join(folder, "configured");
  const config = join(folder, "config.yaml");
  await writeFile(config, `cache: ${JSON.stringify(cache)}\n`);
  const home = join(folder, "unused-home");
  await makeLake(join(folder, "second"), 1, { HOME: home, DATALAKE_CONFIG: config });
  const unpacked = (await readdir(join(cache, "native"))).map((name) => name.split("-")[0]);
  expect(unpacked.sort()).toEqual(["duckdb", "sharp"]);
  expect(await exists(join(home, ".cache"))).toBe(false);
});

test("a library that was cut short is unpacked again", async () => {
  const env = { DATALAKE_CACHE: join(folder, "damaged") };
  expectPages(await look(env));
  const [name] = await readdir(join(folder, "damaged/native"));
  await truncate(join(folder, "damaged/native", name as string, "libduckdb.so"), 1000);
  expectPages(await look(env));
});

/** Only root may mount, in a namespace of its own; other accounts leave these out. */
const isRoot = process.getuid?.() === 0;
const canMount = isRoot && spawnSync("unshare", ["-m", "true"]).status === 0;

/** Runs the binary where `mount` is a small file system of its own, mounted with `options`. */
async function lookUnderMount(mount: string, options: string, env: Record<string, string>): Promise<Run> {
  await mkdir(mount, { recursive: true });
  const script = `mount -t tmpfs -o ${options} tmpfs "$0" && exec "$@"`;
  const command = [await builtBinary(), "catalog", "partitions", "--json", "--lake", lake];
  return runCommand(["unshare", "-m", "sh", "-c", script, mount, ...command], { cwd: folder, env });
}

test.if(canMount)("a HOME and a TMPDIR mounted noexec are passed over", async () => {
  const mount = join(folder, "noexec");
  expectPages(await lookUnderMount(mount, "noexec", { HOME: mount, TMPDIR: mount }));
});

test.if(canMount)(
  "a chosen cache that is noexec, or too small, is told with the setting's name",
  async () => {
    const mount = join(folder, "chosen");
    for (const [options, code] of [
      ["noexec", "permission_denied"],
      ["size=8m", "no_space"],
    ] as const) {
      const run = await lookUnderMount(mount, options, { DATALAKE_CACHE: join(mount, "cache") });
      expect(run.code).toBe(1);
      expect(run.stderr).toContain("set DATALAKE_CACHE to");
      expect(run.stderr.trim().split("\n")).toHaveLength(1);
      expect(JSON.parse(run.stdout).error.code).toBe(code);
    }
  },
);

test.if(!isRoot || canMount)(
  "a chosen cache that cannot be written is told with the setting's name",
  async () => {
    const closed = join(folder, "closed");
    const env = { DATALAKE_CACHE: join(closed, "cache") };
    const lookClosed = async () => {
      await mkdir(closed);
      await chmod(closed, 0o500);
      return look(env);
    };
    // No mode keeps root out.
    const run = isRoot ? await lookUnderMount(closed, "ro", env) : await lookClosed();
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("set DATALAKE_CACHE to");
  },
);

test("a build without LanceDB's library says so, in the help and where it is asked to write Lance", async () => {
  const help = await runBinary(["download", "--help"], { cwd: folder, env: warm });
  expect(help.stdout.replace(/\s+/g, " ")).toContain("lance (not in this build)");
  const output = join(folder, "lance");
  const argv = ["download", "--lake", lake, "--task", "raw", "--format", "lance", "--output", output];
  const { code, stderr } = await runBinary(argv, { cwd: folder, env: warm });
  expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
  expect(stderr).toContain("bun run build --lance");
  expect(await exists(output)).toBe(false);
});
