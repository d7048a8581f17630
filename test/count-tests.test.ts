import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

setDefaultTimeout(120_000);

const HEAD = `import { afterAll, beforeAll, describe, expect, test } from "bun:test";
test("is right", () => expect(1).toBe(1));\n`;

/** Runs files as `.ci/bun-test` does; gives what is said in the end of what failed. */
async function count(
  files: Record<string, string>,
  prefix: string[] = [],
): Promise<{ lines: string; exit: number | null }> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-count-"));
  const root = join(import.meta.dir, "..");
  try {
    for (const [name, code] of Object.entries(files))
      await Bun.write(join(folder, "test", name), HEAD + code);
    const preload = JSON.stringify(join(import.meta.dir, "told-errors.ts"));
    await writeFile(join(folder, "bunfig.toml"), `[test]\nroot = "test"\npreload = [${preload}]\n`);
    const results = join(folder, "junit.xml");
    const flags = ["test", "--parallel", "--reporter=junit", `--reporter-outfile=${results}`];
    const keep = [process.execPath, join(root, ".ci/keep-output.ts"), `${results}.log`];
    // A run of its own, not a part of this one.
    const { BUN_TEST_WORKER_ID: _, JEST_WORKER_ID: __, ...env } = process.env;
    const run = Bun.spawn([...keep, ...prefix, process.execPath, ...flags], {
      ...{ cwd: folder, env, stdin: "ignore", stdout: "ignore", stderr: "ignore" },
    });
    await run.exited;
    const counted = Bun.spawnSync(["node", join(root, ".ci/count-tests.cjs"), results]);
    return { lines: counted.stdout.toString(), exit: counted.exitCode };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const lastOf = (lines: string) => lines.trimEnd().split("\n").at(-1);

test("the last lines of a run repeat what failed, where and why, and count it", async () => {
  const { lines, exit } = await count({
    "a.test.ts": `describe("a group", () => test("a <word> & 한글", () => expect("got >").toBe("wanted")));
      test("never ends", async () => await new Promise(() => {}), 50);
      test.skip("is left out", () => {});
      test("cleans up badly", async () => {
        await using _ = { [Symbol.asyncDispose]: async () => { throw new Error("not empty"); } };
        throw new Error("the true reason");
      });`,
  });
  expect(lines).toMatch(
    /^Failed: test\/a\.test\.ts: a group > a <word> & 한글\n[\s\S]*Expected: "wanted"\nReceived: "got >"\n/m,
  );
  expect(lines).toMatch(/^Failed: test\/a\.test\.ts: never ends\n.*timed out/m);
  expect(lines).toMatch(/^Failed: test\/a\.test\.ts: cleans up badly\n.*the true reason[\s\S]*not empty/m);
  expect(lines).toMatch(/^Left out: is left out$/m);
  expect([lastOf(lines), exit]).toEqual(["1 passed, 3 failed", 1]);
});

test("so they do of what goes wrong outside of a test", async () => {
  const { lines, exit } = await count({
    "hook.test.ts": `beforeAll(() => { throw new Error("no lake"); });`,
    "between.test.ts": `test("begins", () => { setTimeout(() => { throw new Error("too late"); }, 1); });
      afterAll(() => Bun.sleep(200));`,
    "load.test.ts": `throw new Error("cannot be loaded");`,
    "ends.test.ts": `test("ends the process", () => process.kill(process.pid, "SIGKILL"));`,
  });
  expect(lines).toMatch(/^Failed: test\/hook\.test\.ts: a hook of all its tests\n.*no lake$/m);
  expect(lines).toMatch(/^Failed: test\/between\.test\.ts: outside of its tests\n[\s\S]*error: too late$/m);
  expect(lines).toMatch(
    /^Failed: test\/load\.test\.ts: outside of its tests\n[\s\S]*error: cannot be loaded$/m,
  );
  expect(lines).toMatch(/^Failed: test\/ends\.test\.ts: the process that ran it ended\n.*SIGKILL/m);
  expect([lastOf(lines), exit]).toEqual(["3 passed, 4 failed", 1]);
});

test("a crash that ends the whole run names the files that were not run, and one without results says its end", async () => {
  const slow = `test("is slow", () => Bun.sleep(4000));`; // ended by the crash
  const crash = await count({
    "a.test.ts": `test("crashes", () => process.kill(process.pid, "SIGABRT"));`,
    ...Object.fromEntries(["b", "c", "d", "e", "f"].map((name) => [`${name}.test.ts`, slow])),
  });
  expect(crash.lines).toMatch(/^Failed: test\/a\.test\.ts: the process that ran it ended\n.*SIGABRT/m);
  expect(crash.lines).toMatch(/^Failed: [1-5] files: were not run after that\n.*test\/f\.test\.ts/m);
  expect(crash.exit).toBe(1);
  const silent = await count({ "a.test.ts": "" }, ["sh", "-c", '"$@"; exit 3', "sh"]);
  expect(silent.lines).toMatch(/^Failed: \S+junit\.xml: the run itself\n[\s\S]*^ended with 3$/m);
  expect([lastOf(silent.lines), silent.exit]).toEqual(["1 passed, 1 failed", 1]);
  const none = await count({});
  expect(none.lines).toMatch(/^Failed: \S+junit\.xml: the run itself\n/m);
  expect([lastOf(none.lines), none.exit]).toEqual(["0 passed, 1 failed", 1]);
});

test("how tests ended stands, though what they left cannot be removed", async () => {
  const text = await Bun.file(join(import.meta.dir, "../.ci/bun-test")).text();
  const trap = /^trap .*$/m.exec(text)?.[0] ?? "";
  // As where something is still mounted, or written.
  const busy = "chmod() { return 1; }; rm() { return 1; }; TMPDIR=/nonexistent";
  for (const code of [0, 3])
    expect(Bun.spawnSync(["sh", "-c", `set -eu\n${busy}\n${trap}\n(exit ${code})`]).exitCode).toBe(code);
});

test("what a run prints is shown whole, kept, and ends with the run, whatever it leaves behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-count-"));
  try {
    const keep = `"${process.execPath}" "${join(import.meta.dir, "../.ci/keep-output.ts")}" kept`;
    // More than a pipe takes, to a reader that is slow; and a program that outlives it, and has its output.
    const script = `{ ${keep} sh -c 'seq 100000; sleep 3600 & echo $! >left; exit 7'; echo $? >code; } | { sleep 1; cat >shown; }
      kill "$(cat left)"`;
    await Bun.spawn(["sh", "-c", script], { cwd: folder }).exited;
    const textOf = (name: string) => Bun.file(join(folder, name)).text();
    const [kept, shown, code] = await Promise.all(["kept", "shown", "code"].map(textOf));
    expect(shown).toEndWith("\n100000\n");
    expect(kept).toBe(`${shown}\nended with 7\n`);
    expect(code).toBe("7\n");
  } finally {
    await rm(folder, { recursive: true });
  }
});
