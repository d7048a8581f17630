import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FAILING = `import { expect, test } from "bun:test";
test("is right", () => expect(1).toBe(1));
test("a <word> & 한글", () => expect("got >").toBe("wanted"));
test("never ends", async () => await new Promise(() => {}), 50);
test.skip("is left out", () => {});
`;

test("the last lines of a run repeat what failed, where and why, and count it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-count-"));
  try {
    await writeFile(join(folder, "a.test.ts"), FAILING);
    const results = join(folder, "junit.xml");
    const flags = ["test", "--reporter=junit", `--reporter-outfile=${results}`];
    await Bun.spawn([process.execPath, ...flags], { cwd: folder, stdout: "ignore", stderr: "ignore" }).exited;
    const counted = Bun.spawnSync(["node", ".ci/count-tests.cjs", results], {
      cwd: join(import.meta.dir, ".."),
    });
    const text = counted.stdout.toString();
    expect(text).toMatch(
      /^Failed: a\.test\.ts: a <word> & 한글\n[\s\S]*Expected: "wanted"\nReceived: "got >"\n/m,
    );
    expect(text).toMatch(/^Failed: a\.test\.ts: never ends\n.*timed out/m);
    expect(text).toMatch(/^Left out: is left out$/m);
    expect(text.trimEnd().split("\n").at(-1)).toBe("1 passed, 2 failed");
    expect(counted.exitCode).toBe(1);
  } finally {
    await rm(folder, { recursive: true });
  }
});
