import { afterAll, expect, test } from "bun:test";
import { chmod, chown, link, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureFolder } from "../../src/lake/files.ts";
import { givePermissions } from "../../src/lake/group.ts";
import { DEFAULT_MODES } from "../../src/lake/modes.ts";
import { writeAtomic } from "../../src/lake/replace.ts";

const root = await mkdtemp(join(tmpdir(), "group-"));
afterAll(() => rm(root, { recursive: true, force: true }));

/** A group that this account may give to its files: root any, others one of theirs. */
const own = process.getegid?.() ?? 0;
const other = process.getuid?.() === 0 ? 64_501 : (process.getgroups?.().find((gid) => gid !== own) ?? own);

async function modeAndGroup(path: string): Promise<[string, number]> {
  const { mode, gid } = await stat(path);
  return [(mode & 0o7777).toString(8), gid];
}

test("new folders and files get the group of the folder they lie in, and keep its set-group-id bit", async () => {
  for (const [mode, made] of [
    [0o2775, "2775"],
    [0o775, "775"],
  ] as const) {
    const team = await mkdtemp(join(root, "team-"));
    await chown(team, -1, other);
    await chmod(team, mode);
    await ensureFolder(join(team, "a", "b"));
    await writeAtomic(join(team, "a", "b", "file.json"), "{}");
    expect(await modeAndGroup(join(team, "a"))).toEqual([made, other]);
    expect(await modeAndGroup(join(team, "a", "b"))).toEqual([made, other]);
    expect(await modeAndGroup(join(team, "a", "b", "file.json"))).toEqual(["664", other]);
    await ensureFolder(join(team, "a", "b"), { ...DEFAULT_MODES, folder: 0o700 });
    expect(await modeAndGroup(join(team, "a"))).toEqual([made, other]);
  }
});

test("what stands behind a link, or has another name elsewhere, keeps its permissions", async () => {
  const victim = join(root, "victim");
  await writeFile(victim, "", { mode: 0o600 });
  await link(victim, join(root, "second-name"));
  await givePermissions(join(root, "second-name"), 0o664);
  await symlink(victim, join(root, "link"));
  expect(await givePermissions(join(root, "link"), 0o664).catch((error) => error.code)).toBe("ELOOP");
  await mkdir(join(root, "folder"), { mode: 0o700 });
  await symlink(join(root, "folder"), join(root, "folder-link"));
  expect(await givePermissions(join(root, "folder-link"), 0o777).catch((error) => error.code)).toBe("ELOOP");
  expect(await modeAndGroup(victim)).toEqual(["600", own]);
  expect((await modeAndGroup(join(root, "folder")))[0]).toBe("700");
});
