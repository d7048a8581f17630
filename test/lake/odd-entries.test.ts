import { afterAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { machineName } from "../../src/lake/account.ts";
import { recordAudit } from "../../src/lake/audit.ts";
import { initLake } from "../../src/lake/lake.ts";
import { openLogFile } from "../../src/lake/log-file.ts";
import { editTaxonomy, readTaxonomy } from "../../src/lake/taxonomy.ts";
import { codeOf } from "../code-of.ts";

const folder = await mkdtemp(join(tmpdir(), "odd-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const KINDS: Record<string, (path: string) => unknown> = {
  pipe: (path) => Bun.spawnSync(["mkfifo", path]),
  circle: (path) => symlink(basename(path), path),
  folder: (path) => mkdir(path),
};

const ENTRY = { who: "kim", from: "local", action: "upload", target: "u", outcome: "ok" };

for (const [kind, make] of Object.entries(KINDS)) {
  test(`a ${kind} in config or logs is said so, or passed over`, async () => {
    const { lake } = await initLake(join(folder, kind));
    const { layout } = lake;
    const put = async (path: string) => {
      await rm(path, { recursive: true, force: true });
      await make(path);
    };
    await put(layout.taxonomySuccessor("0123456789abcdef"));
    await editTaxonomy(lake, (taxonomy) => ({ ...taxonomy, providers: { hf: {} as never } }));
    expect(Object.keys((await readTaxonomy(lake)).providers)).toEqual(["hf"]);
    await put(layout.taxonomy);
    expect(await codeOf(readTaxonomy(lake))).toBe("corrupt");

    await put(layout.log(machineName()));
    openLogFile(layout.log(machineName()), { maxBytes: 10, keep: 2 }).write("a line\n");
    await recordAudit(lake, ENTRY);
    await rm(layout.logs, { recursive: true });
    await (kind === "folder" ? writeFile(layout.logs, "") : make(layout.logs));
    openLogFile(layout.log(machineName()), { maxBytes: 10, keep: 2 }).write("a line\n");
    expect(await codeOf(recordAudit(lake, ENTRY))).not.toBe("done");
  });
}
