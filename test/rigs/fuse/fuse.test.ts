/** That each mount of the rig has the traps it is there for, shown with plain file operations. */
import { expect, test } from "bun:test";
import { constants, existsSync } from "node:fs";
import {
  chmod,
  chown,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { mountTwo, type TwoMounts } from "./two-mounts.ts";

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (error) => (error as NodeJS.ErrnoException).code,
  );

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(20);
}

test("plain: what one mount does the other sees at once, with one inode", async () => {
  await using mounts = await mountTwo({ behaviour: "plain" });
  const [a, b] = [mounts.a.at, mounts.b.at];
  await mkdir(join(a, "folder"));
  await writeFile(join(a, "folder/file"), "one");
  await link(join(a, "folder/file"), join(a, "folder/second"));
  await symlink("file", join(b, "folder/symbolic"));
  await chmod(join(a, "folder/file"), 0o640);
  await chown(join(a, "folder/file"), 64_501, 64_502);
  expect(await readFile(join(b, "folder/symbolic"), "utf8")).toBe("one");
  const [first, second] = [await stat(join(a, "folder/file")), await stat(join(b, "folder/second"))];
  expect(second).toMatchObject({
    ino: first.ino,
    nlink: 2,
    mode: 0o100640,
    uid: 64_501,
    gid: 64_502,
    size: 3,
  });
  await using opened = await open(join(b, "folder/file"));
  await writeFile(join(a, "folder/new"), "two");
  await rename(join(a, "folder/new"), join(a, "folder/file"));
  expect(await opened.readFile("utf8")).toBe("one");
  expect(await readFile(join(b, "folder/file"), "utf8")).toBe("two");
  expect(await codeOf(writeFile(join(b, "folder/file"), "", { flag: "wx" }))).toBe("EEXIST");
  await unlink(join(a, "folder/file"));
  await rename(join(a, "folder"), join(a, "moved"));
  expect((await readdir(join(b, "moved"))).sort()).toEqual(["second", "symbolic"]);
  expect(await mounts.a.moves()).toEqual([
    { by: "link", from: "folder/file", to: "folder/second", result: "ok" },
    { by: "rename", from: "folder/new", to: "folder/file", result: "ok" },
    { by: "rename", from: "folder", to: "moved", result: "ok" },
  ]);
});

test("plain: DuckDB writes a database and Parquet through a mount, and reads them through the other", async () => {
  await using mounts = await mountTwo({ behaviour: "plain" });
  const writer = await DuckDBInstance.create(join(mounts.a.at, "new.duckdb"));
  const writing = await writer.connect();
  await writing.run("CREATE TABLE numbers AS SELECT range AS n FROM range(100000)");
  await writing.run(`COPY numbers TO '${join(mounts.a.at, "numbers.parquet")}'`);
  writing.closeSync();
  writer.closeSync();
  const reader = await DuckDBInstance.create(join(mounts.b.at, "new.duckdb"), { access_mode: "READ_ONLY" });
  const reading = await reader.connect();
  const parquet = join(mounts.b.at, "numbers.parquet");
  const read = `SELECT (SELECT max(n) FROM numbers)::INT, (SELECT count(*) FROM '${parquet}')::INT`;
  expect((await reading.runAndReadAll(read)).getRows()).toEqual([[99_999, 100_000]]);
  reading.closeSync();
  reader.closeSync();
});

test("smb: replacing a file that is open here is refused, and deletes it when it is closed", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const a = mounts.a.at;
  await writeFile(join(a, "name"), "old");
  await writeFile(join(a, "new"), "new");
  const reader = await open(join(a, "name"));
  expect(await codeOf(rename(join(a, "new"), join(a, "name")))).toBe("EACCES");
  expect(await readdir(a)).toContain("name");
  expect(await codeOf(open(join(a, "name")))).toBe("ENOENT");
  expect(await codeOf(rename(join(a, "new"), join(a, "name")))).toBe("EACCES");
  expect(await reader.readFile("utf8")).toBe("old");
  await reader.close();
  await until(async () => !existsSync(join(mounts.backing, "name")));
  expect(await readdir(a)).toEqual(["new"]);
  // The way out: the open one goes to a free name first.
  await writeFile(join(a, "name"), "old");
  await using second = await open(join(a, "name"));
  await rename(join(a, "name"), join(a, "away"));
  await rename(join(a, "new"), join(a, "name"));
  expect([await second.readFile("utf8"), await readFile(join(a, "name"), "utf8")]).toEqual(["old", "new"]);
});

test("smb: folders are busy, modes and owners ignored, links have numbers of their own", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const [a, b] = [mounts.a.at, mounts.b.at];
  await mkdir(join(a, "folder"));
  await writeFile(join(a, "folder/file"), "one");
  const reader = await open(join(a, "folder/file"));
  expect(await codeOf(rename(join(a, "folder"), join(a, "moved")))).toBe("EACCES");
  await unlink(join(a, "folder/file"));
  expect(await codeOf(rmdir(join(a, "folder")))).toBe("ENOTEMPTY");
  await reader.close();
  await until(async () => (await codeOf(rmdir(join(a, "folder")))) === "ok");
  await writeFile(join(a, "File"), "one");
  await link(join(a, "File"), join(a, "second"));
  expect((await stat(join(a, "file"))).ino).not.toBe((await stat(join(a, "second"))).ino);
  const byOneName = await open(join(a, "File"));
  expect(await codeOf(open(join(a, "second")))).toBe("EINVAL");
  await byOneName.close();
  await until(async () => (await codeOf(readFile(join(a, "second")))) === "ok");
  expect(await codeOf(writeFile(join(a, "FILE"), "", { flag: "wx" }))).toBe("EEXIST");
  await chown(join(a, "file"), 64_501, 64_501);
  await chmod(join(a, "file"), 0o444);
  expect(await stat(join(a, "file"))).toMatchObject({ mode: 0o100555, uid: 0, gid: 0 });
  expect(await codeOf(symlink("file", join(a, "symbolic")))).toBe("ENOTSUP");
  expect(Bun.spawnSync(["mkfifo", join(a, "pipe")], { stderr: "pipe" }).stderr.toString()).toContain(
    "not permitted",
  );
  const O_TMPFILE = 0o20200000;
  expect(await codeOf(open(a, O_TMPFILE | constants.O_RDWR))).toBe("ENOTSUP");
  // Who has the old file open through a mount is given it by its path as well, whatever another mount put there.
  const old = await open(join(b, "file"));
  await writeFile(join(a, "new"), "two");
  await rename(join(a, "new"), join(a, "file"));
  expect(await readFile(join(b, "file"), "utf8")).toBe("one");
  await old.close();
  await until(async () => (await readFile(join(b, "file"), "utf8")) === "two");
});

/** Looks through the one mount, changes what was seen through the other, and gives both. */
async function changeWhatWasSeen({ a: { at: a }, b: { at: b } }: TwoMounts) {
  for (const name of ["file", "removed"]) await writeFile(join(a, name), "short");
  for (const name of ["file", "removed"]) await stat(join(b, name));
  expect((await readdir(b)).sort()).toEqual(["file", "removed"]);
  expect(existsSync(join(b, "new"))).toBe(false);
  await writeFile(join(a, ".tmp"), "as long as this");
  await rename(join(a, ".tmp"), join(a, "file"));
  await writeFile(join(a, "new"), "new");
  await unlink(join(a, "removed"));
  return [a, b] as const;
}

test("stale: sizes, listings, names and missing names lag behind the other mount", async () => {
  await using mounts = await mountTwo({ behaviour: "stale", staleMs: 3_600_000 });
  const [, b] = await changeWhatWasSeen(mounts);
  expect(await readFile(join(b, "file"), "utf8")).toBe("as lo");
  expect(existsSync(join(b, "new"))).toBe(false);
  expect((await stat(join(b, "removed"))).size).toBe(5);
  expect((await readdir(b)).sort()).toEqual(["file", "removed"]);
  // Exclusive all the same, but who loses is told another reason.
  expect(await codeOf(writeFile(join(b, "new"), "", { flag: "wx" }))).toBe("EPERM");
});

test("stale: all of it is seen in the end", async () => {
  await using mounts = await mountTwo({ behaviour: "stale", staleMs: 300 });
  const [a, b] = await changeWhatWasSeen(mounts);
  await until(async () => (await readFile(join(b, "file"), "utf8")) === "as long as this");
  await until(async () => (await readdir(b)).sort().join() === "file,new");
  expect((await stat(join(b, "file"))).ino).not.toBe((await stat(join(a, "new"))).ino);
});

test("a rename is held back, with its effect, while the rest of the mount goes on", async () => {
  await using mounts = await mountTwo({ behaviour: "plain" });
  const [a, b] = [mounts.a.at, mounts.b.at];
  for (const folder of ["x", "y"]) await mkdir(join(a, folder));
  await writeFile(join(a, "x/new"), "of a");
  const hold = await mounts.a.hold("x/*.json");
  const renamed = rename(join(a, "x/new"), join(a, "x/file.json"));
  expect(await hold.held).toEqual({ by: "rename", from: "x/new", to: "x/file.json" });
  await writeFile(join(a, "y/file"), "");
  expect(await readdir(join(b, "x"))).toEqual(["new"]);
  await writeFile(join(b, "x/file.json"), "of b");
  expect(await hold.release()).toMatchObject({ to: "x/file.json", result: "ok" });
  await renamed;
  expect(await readFile(join(b, "x/file.json"), "utf8")).toBe("of a");
});

test("a link is held back with all that is asked afterwards, as over a network that is dead", async () => {
  await using mounts = await mountTwo({ behaviour: "plain" });
  const [a, b] = [mounts.a.at, mounts.b.at];
  for (const name of ["new", "old"]) await writeFile(join(a, name), name);
  await link(join(a, "old"), join(a, "first.json"));
  const hold = await mounts.a.hold("*.json", { skip: 1, freeze: true });
  await link(join(a, "old"), join(a, "second.json"));
  // In processes of their own: what waits for a file system holds one of this program's few threads.
  const spawn = (...command: string[]) => Bun.spawn(command, { stderr: "pipe" });
  const linked = spawn("ln", join(a, "new"), join(a, "third.json"));
  await hold.held;
  const written = spawn("cp", join(a, "new"), join(a, "later"));
  await writeFile(join(b, "third.json"), "of b");
  expect((await readdir(b)).sort()).toEqual(["first.json", "new", "old", "second.json", "third.json"]);
  expect(await hold.release()).toMatchObject({ by: "link", to: "third.json", result: "EEXIST" });
  expect(await new Response(linked.stderr).text()).toContain("File exists");
  expect(await written.exited).toBe(0);
  expect(await readFile(join(b, "later"), "utf8")).toBe("new");
});

test("syncfs says yes and does nothing; fsync reaches the disk", async () => {
  await using mounts = await mountTwo({ behaviour: "plain" });
  await writeFile(join(mounts.a.at, "file"), "new");
  const run = (...args: string[]) => Bun.spawnSync(["sync", ...args]).exitCode;
  expect(run("--file-system", mounts.a.at)).toBe(0);
  expect(run(join(mounts.a.at, "file"))).toBe(0);
  expect(await mounts.a.syncs()).toEqual(["file"]);
});
