import { expect, setDefaultTimeout, test } from "bun:test";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { startServe, until } from "../../server/server-kit.ts";
import { type Acknowledged, checkLake } from "../lake-check.ts";
import {
  count,
  countServed,
  createHost,
  doctorFinds,
  ERRNO,
  isAtRest,
  succeed,
  upload,
  writePages,
  writeTexts,
} from "./host.ts";
import { mountTwo } from "./two-mounts.ts";

setDefaultTimeout(300_000);

interface Held {
  path: string;
  handle: FileHandle;
  bytes: Buffer;
}

/** Every file below a folder, held open; what each gave when it was opened, it must give as long as it is open. */
async function holdOpen(folder: string): Promise<Held[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const held: Held[] = [];
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    // What was removed while it was open is listed, and cannot be opened.
    const handle = await open(path).catch(() => undefined);
    if (handle !== undefined) held.push({ path, handle, bytes: await readAll(handle) });
  }
  return held;
}

async function readAll(handle: FileHandle): Promise<Buffer> {
  const bytes = Buffer.alloc((await handle.stat()).size);
  await handle.read(bytes, 0, bytes.length, 0);
  return bytes;
}

test("on a mount as SMB's, the whole story goes through while every file of the lake is open", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const host = await createHost({ at: mounts.a.at, scratch: join(mounts.scratch, "a") });
  const other = await createHost({ at: mounts.b.at, scratch: join(mounts.scratch, "b") });
  const told: Acknowledged[] = [];
  const input = (name: string) => join(mounts.scratch, name);

  await succeed(host, "init", host.lake);
  await succeed(host, "config", "provider", "create", "hub");
  await succeed(host, "config", "task", "create", "ocr", "--required", "lang", "--allow", "lang=ko,en");
  await upload(host, await writePages(input("pages"), [1, 2, 3]), { dataset: "pages" }, told);
  await upload(host, await writeTexts(input("one.jsonl"), ["하나", "둘"]), { dataset: "texts" }, told);
  await succeed(host, "process", "start", "--wait");
  expect([await count(host, "pages"), await count(host, "texts")]).toEqual([3, 2]);

  // A trainer, an editor, a monitor and a search at once.
  const held = await holdOpen(host.lake);
  expect(held.some(({ path }) => path.endsWith("data.parquet"))).toBe(true);
  await upload(host, await writePages(input("more"), [4, 5]), { dataset: "pages", mode: "append" }, told);
  await upload(
    host,
    await writeTexts(input("two.jsonl"), ["셋"]),
    { dataset: "texts", mode: "replace" },
    told,
  );
  await succeed(host, "process", "start", "--wait");
  held.push(...(await holdOpen(host.lake)));
  await upload(host, await writePages(input("last"), [6]), { dataset: "pages", mode: "append" }, told);
  await succeed(host, "process", "start", "--wait");
  await succeed(host, "config", "provider", "create", "second");
  await succeed(host, "catalog", "rebuild", "--full");
  expect([await count(host, "pages"), await count(host, "texts")]).toEqual([6, 1]);

  const server = await startServe(host as never, ["--auto-process"]);
  try {
    const seen = () => countServed(server.url, "served");
    expect(await seen()).toBe(0);
    await upload(host, await writeTexts(input("three.jsonl"), ["넷", "다섯"]), { dataset: "served" }, told);
    await until(async () => (await seen()) === 2);
    await upload(
      other,
      await writeTexts(input("four.jsonl"), ["여섯"]),
      { dataset: "served", mode: "append" },
      told,
    );
    await until(async () => (await seen()) === 3);
    // Rows are seen a moment before their job has ended; one that is stopped says so.
    await until(() => isAtRest(server.url));
  } finally {
    expect((await server.stop()).exit).toBe(0);
  }
  for (const said of [ERRNO, /failed|anew/]) expect(server.stderr()).not.toMatch(said);

  for (const { path, handle, bytes } of held) {
    // Of logs, which are added to, what was there.
    const now = (await readAll(handle)).subarray(0, bytes.length);
    expect({ path, isSame: now.equals(bytes) }).toEqual({ path, isSame: true });
    await handle.close();
  }
  const output = join(mounts.scratch, "pages-out.parquet");
  await succeed(other, "download", "--dataset", "pages", "--output", output);
  await succeed(host, "process", "start", "--wait");
  expect(await doctorFinds(host, "--full")).toEqual([]);
  expect(await doctorFinds(other, "--full")).toEqual([]);
  expect(await checkLake(join(mounts.backing, "lake"), { acknowledged: told, settled: true })).toEqual([]);
  const left = await readdir(mounts.backing, { recursive: true });
  // Old generations of the catalog stay for a while: `.catalog.prev-4`.
  expect(left.filter((name) => /\.(?:gone|tmp|probe)-|\.prev-\w+-/.test(name))).toEqual([]);
});
