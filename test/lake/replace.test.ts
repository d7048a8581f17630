import { afterAll, describe, expect, test } from "bun:test";
import { link, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { mountOf, probeMount } from "../../src/lake/mount.ts";
import { findInTable } from "../../src/lake/mount-table.ts";
import { type Renames, replaceFile, writeAtomic } from "../../src/lake/replace.ts";
import { asideOf, awaitReplaced, freeName, readReplaced, recoverReplaced } from "../../src/lake/replaced.ts";

const root = await mkdtemp(join(tmpdir(), "replace-"));
afterAll(() => rm(root, { recursive: true, force: true }));

let count = 0;
async function freshFolder(): Promise<string> {
  const folder = join(root, String(count++));
  await mkdir(folder);
  return folder;
}

const refused = (code: string) => Object.assign(new Error(`${code}: refused`), { code });

/** Renames as the SMB client does them: over a file that is held they are refused, and it goes when its reader closes. */
function smbRenames(): { renames: Renames; hold(path: string): () => Promise<void> } {
  const held = new Set<string>();
  const doomed = new Set<string>();
  return {
    renames: {
      heldMs: 200,
      link,
      isSafe: async () => false,
      rename: async (from, to) => {
        if (doomed.has(from)) throw refused("EACCES");
        if (held.has(to)) {
          doomed.add(to);
          throw refused("EACCES");
        }
        await rename(from, to);
        if (held.delete(from)) held.add(to);
      },
    },
    hold: (path) => {
      held.add(path);
      return async () => {
        for (const name of doomed) await rm(name, { force: true });
        held.clear();
      };
    },
  };
}

describe("replaceFile", () => {
  test("where a rename over an open file loses it, sets it aside first", async () => {
    const folder = await freshFolder();
    const path = join(folder, "schema.yaml");
    await writeFile(path, "old");
    const { renames, hold } = smbRenames();
    // The trap is real.
    const control = join(folder, "control");
    await writeFile(control, "old");
    const releaseControl = hold(control);
    await writeFile(join(folder, "fresh"), "new");
    await expect(renames.rename(join(folder, "fresh"), control)).rejects.toThrow("EACCES");
    await releaseControl();
    expect(await readdir(folder)).not.toContain("control");
    await rm(join(folder, "fresh"));

    const release = hold(path);
    await writeAtomic(path, "new", undefined, { renames });
    await release();
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readdir(folder)).toEqual(["schema.yaml"]);
  });

  test("what nobody may take away stays as it is, and is told", async () => {
    const folder = await freshFolder();
    const path = join(folder, "f");
    await writeFile(path, "old");
    const renames = {
      ...smbRenames().renames,
      rename: async () => {
        throw refused("EBUSY");
      },
    };
    await expect(writeAtomic(path, "new", undefined, { renames })).rejects.toMatchObject({ code: "locked" });
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["f"]);
  });

  test("an error of the second step puts the old one back", async () => {
    const folder = await freshFolder();
    const path = join(folder, "f");
    await writeFile(path, "old");
    const { renames } = smbRenames();
    await expect(replaceFile(join(folder, "none"), path, { renames })).rejects.toMatchObject({
      code: "ENOENT",
    });
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["f"]);
  });

  test("without hard links too, several at once leave one of the contents, and readers find one whole", async () => {
    const withoutLinks = async () => {
      throw refused("ENOTSUP");
    };
    for (const makeLink of [link, withoutLinks]) {
      const folder = await freshFolder();
      const path = join(folder, "f");
      await writeFile(path, "old");
      const { renames } = smbRenames();
      const contents = ["a".repeat(1000), "b".repeat(2000), "c".repeat(3000)];
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          contents.map((text) =>
            writeAtomic(path, text, undefined, { renames: { ...renames, link: makeLink } }),
          ),
        );
      }
      expect(contents).toContain(await readFile(path, "utf8"));
      expect(await readdir(folder)).toEqual(["f"]);
      let writing = true;
      const reader = (async () => {
        while (writing) expect(contents).toContain(await readReplaced(path, () => readFile(path, "utf8")));
      })();
      for (const text of [...contents, ...contents, ...contents]) {
        await writeAtomic(path, text, undefined, { renames: { ...renames, link: makeLink } });
      }
      writing = false;
      await reader;
    }
  });

  test("an error of a rename that was done is no failure", async () => {
    const folder = await freshFolder();
    const path = join(folder, "f");
    await writeFile(path, "old");
    const renames: Renames = {
      ...smbRenames().renames,
      isSafe: async () => true,
      rename: async (from, to) => {
        await rename(from, to);
        throw refused("ENOENT");
      },
    };
    await writeAtomic(path, "new", undefined, { renames });
    expect(await readFile(path, "utf8")).toBe("new");
  });

  test("does not take a folder away", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, "taken"));
    await expect(
      writeAtomic(join(folder, "taken"), "x", undefined, { renames: smbRenames().renames }),
    ).rejects.toThrow();
    expect(await readdir(folder)).toEqual(["taken"]);
  });
});

describe("a file whose replacer died between its two steps", () => {
  test("gets its name back by whoever asks for it", async () => {
    const folder = await freshFolder();
    const path = join(folder, "f");
    await writeFile(asideOf(path), "old");
    expect(await readReplaced(path, () => readFile(path, "utf8"))).toBe("old");
    expect(await readdir(folder)).toEqual(["f"]);
  });

  test("and by the next start, which removes what is of no use", async () => {
    const folder = await freshFolder();
    await writeFile(asideOf(join(folder, "f")), "old");
    await writeFile(join(folder, "g"), "new");
    await writeFile(join(folder, ".g.prev-000000001-01234567"), "old");
    await writeFile(join(folder, ".g.gone-000000001-01234567"), "old");
    await writeFile(asideOf(join(folder, "g")), "of somebody at work");
    await recoverReplaced(folder);
    const left = (await readdir(folder)).sort();
    expect(left.filter((name) => !name.startsWith("."))).toEqual(["f", "g"]);
    expect(left).toHaveLength(3);
    expect(await readFile(join(folder, "f"), "utf8")).toBe("old");
    expect(await readFile(join(folder, "g"), "utf8")).toBe("new");
  });

  test("what was never there is not waited for", async () => {
    const folder = await freshFolder();
    expect(await awaitReplaced(join(folder, "f"))).toBe(false);
    expect(await awaitReplaced(join(folder, "none", "f"))).toBe(false);
  });
});

test("freeName removes a file", async () => {
  const folder = await freshFolder();
  await writeFile(join(folder, "f"), "");
  await freeName(join(folder, "f"));
  expect(await readdir(folder)).toEqual([]);
  await expect(freeName(join(folder, "f"))).rejects.toMatchObject({ code: "ENOENT" });
});

describe("the probe of a mount", () => {
  test("finds out what a disk can do, and leaves nothing", async () => {
    const folder = await freshFolder();
    const facts = await Promise.all([probeMount(folder), probeMount(folder)]);
    expect(facts[0]).toEqual(facts[1]);
    expect(facts[0]).toMatchObject({
      hardLink: "yes",
      exclusiveCreate: true,
      renameOverOpen: "safe",
      renameOpen: true,
      modes: true,
      caseSensitive: true,
      fsync: true,
      isFuse: false,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("tells where it cannot try", async () => {
    await expect(probeMount(join(root, "none"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(probeMount("/proc")).rejects.toThrow();
    expect(await mountOf("/proc")).toMatchObject({ type: "proc", isLocal: false, isFuse: false });
  });

  test("finds the mount of a path in the system's table", () => {
    const table = [
      "21 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda1 rw",
      "30 21 0:40 / /mnt/na\\040s rw - cifs //nas/lake rw,vers=3.1.1",
      "31 21 0:41 / /mnt/na rw master:3 - fuse.sshfs me@nas:/lake rw",
      "32 21 0:42 / /mnt/na rw - fuse.rclone nas:lake rw",
      "",
    ].join("\n");
    const of = (path: string) => findInTable(table, path);
    expect(of("/mnt/na s/lake")).toEqual({ type: "cifs", source: "//nas/lake", id: "30" });
    expect(of("/mnt/na")).toEqual({ type: "fuse.rclone", source: "nas:lake", id: "32" });
    expect(of("/mnt/nas")).toEqual({ type: "ext4", source: "/dev/vda1", id: "21" });
    expect(findInTable("", "/")).toBeUndefined();
  });
});

test("names set aside are hidden, and never end as the file did", () => {
  expect(basename(asideOf("/lake/data.parquet"))).toMatch(/^\.data\.parquet\.prev-[0-9a-z]{9}-[0-9a-f]{8}$/);
});
