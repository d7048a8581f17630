import { describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KEYS, run, runAtTerminal, withFolder } from "./harness.ts";

const modeOf = async (path: string) => (await stat(path)).mode & 0o7777;

describe("datalake init", () => {
  test("makes a lake whatever the umask, says so, and does nothing the second time", () =>
    withFolder(async (folder) => {
      const lake = join(folder, "deep", "lake");
      const umask = process.umask(0o077);
      const first = await run(["init", lake, "--json"]).finally(() => process.umask(umask));
      const made = JSON.parse(first.stdout);
      expect(made.lake).toBe(lake);
      expect(made.created).toContain(join(lake, "config", "schema.yaml"));
      for (const path of made.created) {
        expect(await modeOf(path)).toBe(path.endsWith(".yaml") ? 0o664 : 0o775);
      }
      expect((await readdir(lake)).sort()).toEqual([
        "assets",
        "catalog",
        "config",
        "jobs",
        "logs",
        "staging",
      ]);
      const second = await run(["init", "--lake", lake, "--json"]);
      const mount = expect.objectContaining({ unsuited: null, says: [] });
      expect(JSON.parse(second.stdout)).toEqual({ lake, created: [], repaired: [], denied: [], mount });
    }));

  test("repairs what is missing or has other permissions, and touches nothing else", () =>
    withFolder(async (folder) => {
      const lake = join(folder, "lake");
      await run(["init", lake]);
      await rm(join(lake, "staging", "failed"), { recursive: true });
      await chmod(join(lake, "assets"), 0o2700);
      await writeFile(join(lake, "config", "schema.yaml"), "providers: { mine: }\n");
      const { stdout } = await run(["init", lake, "--json"]);
      expect(JSON.parse(stdout)).toMatchObject({
        created: [join(lake, "staging", "failed")],
        repaired: [join(lake, "assets")],
      });
      expect(await modeOf(join(lake, "assets"))).toBe(0o2775);
      expect(await Bun.file(join(lake, "config", "schema.yaml")).text()).toBe("providers: { mine: }\n");
    }));

  test("takes the permissions of the settings", () =>
    withFolder(async (folder) => {
      const lake = join(folder, "lake");
      await run(["init", lake], { env: { DATALAKE_PERMISSIONS_FOLDER: "0750" } });
      expect(await modeOf(join(lake, "catalog"))).toBe(0o750);
    }));

  test("leaves the permissions of a folder that is used for something else", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "notes.txt"), "");
      await chmod(folder, 0o700);
      expect((await run(["init", folder])).exit).toBe(0);
      expect(await modeOf(folder)).toBe(0o700);
    }));

  test("refuses a file in the place of a folder", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "catalog"), "");
      const { exit, stdout } = await run(["init", folder, "--json"]);
      expect([exit, JSON.parse(stdout).error.code]).toEqual([5, "conflict"]);
    }));

  test("asks where, and completes the path", () =>
    withFolder(async (folder) => {
      await mkdir(join(folder, "호수들"));
      const { exit, stdout } = await runAtTerminal(
        ["init"],
        [
          ["Which folder", `${folder}/호`],
          ["호수들/", KEYS.tab],
          ["this folder", "새것"],
          ["as typed", KEYS.enter],
        ],
      );
      expect(exit).toBe(0);
      expect(stdout).toContain("schema.yaml");
      expect(await readdir(join(folder, "호수들", "새것"))).toContain("catalog");
    }));

  test("Ctrl-C at the question leaves nothing behind", () =>
    withFolder(async (folder) => {
      const { exit } = await runAtTerminal(["init"], [["Which folder", `${folder}/new`, KEYS.cancel]]);
      expect(exit).toBe(130);
      expect(await readdir(folder)).toEqual([]);
    }));
});
