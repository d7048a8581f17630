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

test("what is written has left when the program ends, however slow its reader is", async () => {
  // More than a pipe holds, on both streams: the name of a command that does not exist.
  const long = "x".repeat(100_000);
  const slow = "{ sleep 1; cat; }";
  const shell = (script: string) =>
    runCommand(["sh", "-c", script, binary, long], { cwd: empty, env: { PATH: "/usr/bin:/bin" } });
  const binary = await builtBinary();
  const { stdout: document } = await shell(`"$0" "$1" --json 2>/dev/null | ${slow}`);
  expect(JSON.parse(document).error).toMatchObject({ code: "usage", message: expect.stringContaining(long) });
  const { stdout: sentence } = await shell(`"$0" "$1" 2>&1 | ${slow}`);
  expect(sentence).toStartWith("datalake: ");
  expect(sentence).toContain(long);
  expect(sentence).toEndWith("\n");
});

test("what cannot be written is said, and is no success", async () => {
  const { code, stderr } = await runCommand(["sh", "-c", '"$0" --help >/dev/full', await builtBinary()], {
    cwd: empty,
  });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^datalake: the output .*ENOSPC/),
  });
});

test("an exit code stands, though nobody reads what is said beside it", async () => {
  const script = '{ "$0" nonsense 2>&1; echo "ended with $?" >&2; } | { exec 0<&-; sleep 1; }';
  const { stderr } = await runCommand(["sh", "-c", script, await builtBinary()], { cwd: empty });
  expect(stderr).toBe("ended with 2\n");
});
