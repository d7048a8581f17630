import { expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTokenFile } from "../../src/client/token-file.ts";
import { run } from "../cli/harness.ts";

test("a token file gives its first line that is no note, and is for its owner only", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-token-"));
  try {
    const file = join(folder, "token");
    const warnings: string[] = [];
    const read = () => readTokenFile(file, (line) => warnings.push(line));
    await expect(read()).rejects.toMatchObject({ code: "invalid_config" });
    await writeFile(file, "# mine\r\n\n  dl_abc \nother\n", { mode: 0o600 });
    expect(await read()).toBe("dl_abc");
    expect(warnings).toEqual([]);
    await chmod(file, 0o644);
    expect(await read()).toBe("dl_abc");
    expect(warnings).toHaveLength(1);
    // From a pipe, as `--token-file <(pass show datalake)` gives it: no such file has a real path.
    const program = `import { readTokenFile } from ${JSON.stringify(join(import.meta.dir, "../../src/client/token-file.ts"))};
      console.log(await readTokenFile("/dev/stdin", () => {}));`;
    const piped = Bun.spawnSync([process.execPath, "-e", program], { stdin: Buffer.from("dl_piped\n") });
    expect(piped.stdout.toString()).toBe("dl_piped\n");
    await writeFile(file, "# nothing\n");
    await expect(read()).rejects.toMatchObject({ code: "invalid_config" });
    const told = await run(["process", "list", "--server", "http://127.0.0.1:9", "--token-file", file]);
    expect(told.exit).toBe(2);
    expect(told.stderr).toContain(file);
    await writeFile(file, "한글\n");
    await expect(read()).rejects.toMatchObject({ code: "invalid_config" });
    const argv = ["catalog", "info", "--server", "http://127.0.0.1:9"];
    const odd = await run(argv, { env: { DATALAKE_TOKEN: "a b" } });
    expect(odd.exit).toBe(2);
    expect(odd.stderr).toContain("DATALAKE_TOKEN");
    // A token on the command line would stand in every list of processes.
    expect((await run(["process", "list", "--token", "dl_abc"])).exit).toBe(2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
