import { expect, setDefaultTimeout, test } from "bun:test";
import { open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asideOf, readReplaced } from "../../../src/lake/replaced.ts";
import { until } from "../../server/server-kit.ts";
import { mountTwo } from "./two-mounts.ts";

setDefaultTimeout(120_000);

test("on a mount as SMB's, a file that an editor has open gets its name back when its replacer died", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const [byA, byB] = [join(mounts.a.at, "settings"), join(mounts.b.at, "settings")];
  await writeFile(byA, "old");
  await using editor = await open(byA);
  expect(await editor.readFile("utf8")).toBe("old");
  await rename(byA, asideOf(byA));
  expect(await readReplaced(byA, () => readFile(byA, "utf8"))).toBe("old");
  expect(await readReplaced(byB, () => readFile(byB, "utf8"))).toBe("old");
  await editor.close();
  await until(async () => (await readdir(mounts.backing)).join() === "settings");
});
