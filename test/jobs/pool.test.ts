import { afterEach, expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { type Content, createWorkerPool, KILLED_TWICE, type WorkerPool } from "../../src/jobs/pool.ts";
import { silentLogger } from "../../src/log.ts";
import { sha256 } from "./staging-kit.ts";

const ECHO = new URL("./echo-worker.ts", import.meta.url);
const TERMS = {
  kind: "image",
  policy: "optimize",
  verify: "full",
  max_pixels: 1,
  max_bytes: 1,
  temp_folder: "/nowhere",
  file_mode: 0o444,
  file_group: null,
} as const;

let pool: WorkerPool | undefined;
afterEach(() => pool?.close());

async function openPool(size: number) {
  const folder = await mkdtemp(join(tmpdir(), "datalake-pool-"));
  pool = await createWorkerPool({ url: ECHO, size, memoryBytes: 1e9, folder, logger: silentLogger });
  return { pool, folder };
}

function content(name: string, path = "/nowhere"): Content {
  const place = { stagedAt: path, staging: "/" };
  return { source_hash: sha256(Buffer.from(name + path)), place, is_stored: false, source_name: name };
}

test("answers come in the order asked, from more messages than workers", async () => {
  const { pool } = await openPool(2);
  const messages = Array.from({ length: 9 }, (_, at) => [content(`${at}a`), content(`${at}b`)]);
  const answers = await Promise.all(messages.map((contents) => pool.prepare(TERMS, contents)));
  expect(answers).toEqual(
    messages.map((contents) =>
      contents.map(({ source_hash, source_name }) => ({
        ok: false,
        source_hash,
        reason: `echo ${source_name}`,
      })),
    ),
  );
});

test("a content that ends its worker twice is blamed, its neighbours are not", async () => {
  const { pool } = await openPool(2);
  const contents = ["a", "exit", "b", "exit", "c"].map((name, at) => content(name, `/nowhere/${at}`));
  const answers = await pool.prepare(TERMS, contents);
  expect(answers.map((answer) => (answer.ok ? "" : answer.reason))).toEqual([
    "echo a",
    KILLED_TWICE,
    "echo b",
    KILLED_TWICE,
    "echo c",
  ]);
});

test("a content that ends its worker once is tried again", async () => {
  const { pool, folder } = await openPool(1);
  const answers = await pool.prepare(TERMS, [
    content("a"),
    content("exit-once", join(folder, "flag")),
    content("b"),
  ]);
  expect(answers.map((answer) => (answer.ok ? "" : answer.reason))).toEqual([
    "echo a",
    "echo exit-once",
    "echo b",
  ]);
});

test("workers that end without a suspect are no content's fault", async () => {
  const { pool } = await openPool(1);
  const failure = await pool.prepare(TERMS, [content("blind")]).catch((error) => error);
  expect(failure).toBeInstanceOf(AppError);
  expect(failure.code).toBe("worker_crashed");
});

test("an error of a worker keeps its code", async () => {
  const { pool } = await openPool(1);
  const failure = await pool.prepare(TERMS, [content("fail")]).catch((error) => error);
  expect(failure.code).toBe("no_space");
  expect(await pool.prepare(TERMS, [content("a")])).toHaveLength(1);
});

test("closing ends what runs and what waits", async () => {
  const { pool } = await openPool(1);
  const running = [pool.prepare(TERMS, [content("a")]), pool.prepare(TERMS, [content("b")])];
  pool.close();
  const results = await Promise.allSettled(running);
  expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
});

test("what is told to stop refuses what waits and what is asked later", async () => {
  const { pool } = await openPool(1);
  const asked = ["a", "b", "c"].map((name) => pool.prepare(TERMS, [content(name)]).catch(codeIn));
  pool.stop();
  expect((await Promise.all(asked)).slice(1)).toEqual(["cancelled", "cancelled"]);
  expect(await pool.prepare(TERMS, [content("d")]).catch(codeIn)).toBe("cancelled");
});

function codeIn(error: unknown): unknown {
  return error instanceof AppError ? error.code : error;
}
