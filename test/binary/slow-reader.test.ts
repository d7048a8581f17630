/** All that a command writes has left when it ends, however slow its reader is. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBinary } from "./binary.ts";
import { makeLake } from "./lake.ts";
import { runWithSlowReader } from "./slow-reader.ts";

setDefaultTimeout(120_000);

/** What one write of a pipe takes at most, before the writer has to wait. */
const PIPE_BYTES = 65_536;
const ROWS = 1000;

let folder: string;
let env: Record<string, string>;
let rejected = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-slow-"));
  env = { HOME: join(folder, "home"), LANG: "C.UTF-8" };
  env.DATALAKE_LAKE = await makeLake(folder, 1, env);
  const where = ["--type", "raw", "--provider", "aihub", "--process", "--wait", "--json"];
  const texts = numbered((row) => ({ text: `문장 ${row} ${"가나다".repeat(10)}`, [`열_${row % 7}`]: row }));
  await writeFile(join(folder, "texts.jsonl"), texts);
  const missing = numbered((row) => ({ image_path: row === 0 ? "pages/page-1.png" : `없는-쪽-${row}.png` }));
  await writeFile(join(folder, "missing.jsonl"), missing);
  await program("upload", "texts.jsonl", "--dataset", "texts", ...where);
  const { stdout } = await program(
    ...["upload", "missing.jsonl", "--dataset", "missing", "--max-rejects", "100%", ...where],
  );
  rejected = JSON.parse(stdout).upload_id;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function numbered(row: (number: number) => object): string {
  return Array.from({ length: ROWS }, (_, at) => `${JSON.stringify(row(at))}\n`).join("");
}

async function program(...args: string[]) {
  const run = await runBinary(args, { cwd: folder, env });
  if (![0, 3].includes(run.code)) throw new Error(`${args.join(" ")}: ${run.stderr}${run.stdout}`);
  return run;
}

const SELECTION = ["--dataset", "texts", "--limit", "100000"];

describe("comes whole:", () => {
  for (const [name, args] of Object.entries({
    "process rejects --json": () => ["process", "rejects", rejected, "--limit", "100000", "--json"],
    "process rejects": () => ["process", "rejects", rejected, "--limit", "100000"],
    "search --json": () => ["search", ...SELECTION, "--json"],
    "search as a table": () => ["search", ...SELECTION],
    "search --format ndjson": () => ["search", ...SELECTION, "--format", "ndjson"],
    "search --format csv": () => ["search", ...SELECTION, "--format", "csv"],
    "sql --json": () => ["sql", "SELECT * FROM catalog ORDER BY upload_id, source_row", "--json"],
    "a failure with --json": () => ["x".repeat(PIPE_BYTES), "--json"],
  })) {
    test(name, async () => {
      const options = { cwd: folder, env };
      const { code, stdout } = await runWithSlowReader(args(), options);
      const alone = await runBinary(args(), options);
      expect(code).toBe(alone.code);
      expect(Buffer.byteLength(stdout)).toBeGreaterThan(PIPE_BYTES);
      expect(withoutTimes(stdout)).toBe(withoutTimes(alone.stdout));
    });
  }
});

/** What a search took is never the same. */
function withoutTimes(text: string): string {
  return text.replace(/"engine_ms":[\d.]+/, "");
}
