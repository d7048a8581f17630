import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { exists, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { builtBinary, type Run, runBinary, runCommand } from "./binary.ts";

setDefaultTimeout(120_000);

let empty: string;

beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), "datalake-start-"));
  await builtBinary();
});
afterAll(() => rm(empty, { recursive: true, force: true }));

/** The quickest of ten. */
async function quickest(args: string[]): Promise<Run> {
  const runs: Run[] = [];
  for (let run = 0; run < 10; run++) runs.push(await runBinary(args, { cwd: empty }));
  return runs.sort((a, b) => a.cpuMs - b.cpuMs)[0] as Run;
}

test("--version answers at once, and unpacks nothing", async () => {
  const cache = join(empty, "unused");
  const { code, stdout, stderr } = await runBinary(["--version"], {
    cwd: empty,
    env: { DATALAKE_CACHE: cache },
  });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  expect(await exists(cache)).toBe(false);
  expect((await quickest(["--version"])).cpuMs).toBeLessThan(50);
});

test("--help answers at once", async () => {
  const help = await quickest(["--help"]);
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("upload");
  expect(help.cpuMs).toBeLessThan(50);
});

test("neither .env nor bunfig.toml of the folder it is started in is read", async () => {
  await writeFile(join(empty, ".env"), "DATALAKE_LAKE=/of/the/dotenv\n");
  await writeFile(join(empty, "bunfig.toml"), 'preload = ["./missing.ts"]\n');
  const { code, stdout } = await runBinary(["catalog", "info", "--json"], { cwd: empty });
  expect(code).toBe(2);
  expect(JSON.parse(stdout).error.code).toBe("usage");
});

test("a reader that goes away ends it quietly", async () => {
  const script = '"$0" --help; echo "ended with $?" >&2';
  const { stderr } = await runCommand(
    ["sh", "-c", `{ ${script}; } | { exec 0<&-; sleep 1; }`, await builtBinary()],
    {
      cwd: empty,
    },
  );
  expect(stderr).toBe("ended with 0\n");
});
