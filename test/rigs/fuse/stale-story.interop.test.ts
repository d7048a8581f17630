import { expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
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
  run,
  succeed,
  upload,
  writePages,
  writeTexts,
} from "./host.ts";
import { mountTwo } from "./two-mounts.ts";

setDefaultTimeout(300_000);

const STALE_MS = 2000;
/** A little longer than what the mounts hold back. */
const env = { DATALAKE_MOUNT_STALE_S: "4" };

const names = (values: readonly { name: string }[]) => values.map(({ name }) => name).sort();

test("on two mounts that lag behind each other, settings that both write are all kept", async () => {
  await using mounts = await mountTwo({ behaviour: "stale", staleMs: STALE_MS });
  const a = await createHost({ at: mounts.a.at, scratch: join(mounts.scratch, "a"), env });
  const b = await createHost({ at: mounts.b.at, scratch: join(mounts.scratch, "b"), env });
  await succeed(a, "init", a.lake);
  await succeed(a, "config", "task", "create", "ocr", "--required", "lang", "--allow", "lang=ko,en");
  expect(names((await succeed(b, "config", "task", "list")).tasks)).toEqual(["ocr"]);
  for (const [at, host] of [a, b, a, b].entries())
    await succeed(host, "config", "provider", "create", `in-turn-${at}`);
  const atOnce = [a, b, a, b].map((host, at) => run(host, "config", "provider", "create", `at-once-${at}`));
  for (const ran of await Promise.all(atOnce)) expect(ran).toEqual({ ...ran, exit: 0 });
  const wanted = ["at-once", "in-turn"].flatMap((name) => [0, 1, 2, 3].map((at) => `${name}-${at}`));
  for (const host of [a, b])
    expect(names((await succeed(host, "config", "provider", "list")).providers)).toEqual(wanted);
  const schema = await readFile(join(mounts.backing, "lake/config/schema.yaml"), "utf8");
  for (const word of ["allow", "ko", "en", ...wanted]) expect(schema).toContain(word);
});

test("on two mounts that lag behind each other, the whole story goes through", async () => {
  await using mounts = await mountTwo({ behaviour: "stale", staleMs: STALE_MS });
  const a = await createHost({ at: mounts.a.at, scratch: join(mounts.scratch, "a"), env });
  const b = await createHost({ at: mounts.b.at, scratch: join(mounts.scratch, "b"), env });
  const told: Acknowledged[] = [];
  const input = (name: string) => join(mounts.scratch, name);

  await succeed(a, "init", a.lake);
  await succeed(a, "config", "provider", "create", "hub");
  await upload(b, await writePages(input("pages"), [1, 2, 3]), { dataset: "pages" }, told);
  // Both have looked at what the other is about to change.
  expect(await doctorFinds(a)).toEqual([]);
  await upload(a, await writeTexts(input("one.jsonl"), ["하나", "둘"]), { dataset: "texts" }, told);
  await succeed(b, "process", "start", "--wait");
  expect(await doctorFinds(a)).toEqual([]);
  await upload(b, await writePages(input("more"), [4]), { dataset: "pages", mode: "append" }, told);
  await upload(b, await writeTexts(input("two.jsonl"), ["셋"]), { dataset: "texts", mode: "replace" }, told);
  await succeed(a, "process", "start", "--wait");
  expect(await doctorFinds(b)).toEqual([]);
  await until(async () => (await count(b, "pages")) === 4 && (await count(b, "texts")) === 1);

  const server = await startServe(a as never, ["--auto-process"]);
  try {
    const seen = () => countServed(server.url, "served");
    expect(await seen()).toBe(0);
    await upload(b, await writeTexts(input("three.jsonl"), ["넷", "다섯"]), { dataset: "served" }, told);
    await until(async () => (await seen()) === 2);
    // Rows are seen a moment before their job has ended; one that is stopped says so.
    await until(() => isAtRest(server.url));
  } finally {
    expect((await server.stop()).exit).toBe(0);
  }
  for (const said of [ERRNO, /failed|anew|warn/]) expect(server.stderr()).not.toMatch(said);
  await succeed(b, "catalog", "rebuild", "--full");
  await succeed(b, "download", "--dataset", "pages", "--output", input("pages-out.parquet"));
  for (const host of [a, b]) expect(await doctorFinds(host, "--full")).toEqual([]);
  expect(await checkLake(join(mounts.backing, "lake"), { acknowledged: told, settled: true })).toEqual([]);
});
