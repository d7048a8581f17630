import { expect } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeImage, PROGRAM } from "../../jobs/staging-kit.ts";
import type { Acknowledged } from "../lake-check.ts";

/** A machine that reaches the lake by a mount of its own. */
export interface Host {
  lake: string;
  /** On its own disk. */
  scratch: string;
  env: Record<string, string>;
  program: string[];
}

export interface HostOptions {
  /** Where the server's folder is mounted; the lake is `lake` in it. */
  at: string;
  scratch: string;
  env?: Record<string, string>;
  program?: string[];
}

export async function createHost({ at, scratch, env, program = PROGRAM }: HostOptions): Promise<Host> {
  await mkdir(scratch, { recursive: true });
  const lake = join(at, "lake");
  return {
    lake,
    scratch,
    program,
    env: {
      DATALAKE_LAKE: lake,
      DATALAKE_CACHE: join(scratch, "cache"),
      DATALAKE_PROCESSING_NUM_PROC: "1",
      DATALAKE_SERVE_TOKENS: join(scratch, "tokens.json"),
      ...env,
    },
  };
}

export interface Ran {
  args: string[];
  exit: number | null;
  stdout: string;
  stderr: string;
}

/** An error of the system by its name, such as ENOENT; not a scratch folder whose random end is capitals. */
export const ERRNO = /(?<![\w/-])E[A-Z]{4,}/;

export async function run({ env, program }: Host, ...args: string[]): Promise<Ran> {
  const child = Bun.spawn([...program, ...args], {
    // Never on the mount: that may hang.
    cwd: "/",
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { args, exit: await child.exited, stdout, stderr };
}

/** Runs a command that must end well; gives its JSON document. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into documents of every command.
export async function succeed(host: Host, ...args: string[]): Promise<any> {
  const ran = await run(host, ...args, "--json");
  if (ran.exit !== 0) expect(ran).toEqual({ ...ran, exit: 0 });
  return ran.stdout === "" ? undefined : JSON.parse(ran.stdout);
}

export async function writeTexts(path: string, texts: readonly string[]): Promise<string> {
  await writeFile(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  return path;
}

export async function writePages(folder: string, seeds: readonly number[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const seed of seeds) await writeFile(join(folder, `${seed}.jpg`), await makeImage(seed));
  return folder;
}

export type Mode = "create" | "append" | "replace";

/** Uploads, and notes what the uploader was told. */
export async function upload(
  host: Host,
  input: string,
  { dataset, mode = "create" }: { dataset: string; mode?: Mode },
  acknowledged: Acknowledged[],
  ...flags: string[]
): Promise<void> {
  const to = ["--type", "raw", "--provider", "hub", "--dataset", dataset, "--mode", mode];
  const { upload_id, rows, variant } = await succeed(host, "upload", input, ...to, ...flags);
  acknowledged.push({
    upload_id,
    rows,
    partition: `provider=hub/dataset=${dataset}/task=raw/variant=${variant}`,
  });
}

/** The rows of a dataset, as a command finds them. */
export async function count(host: Host, dataset: string): Promise<number> {
  return (await succeed(host, "search", "--dataset", dataset, "--limit", "0")).row_count;
}

/** The same as a server finds them, and a short wait: it is asked again and again. */
export async function countServed(url: string, dataset: string): Promise<number> {
  const answer = await fetch(`${url}/search`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ datasets: [dataset] }),
  });
  await Bun.sleep(100);
  return ((await answer.json()) as { row_count?: number }).row_count ?? 0;
}

/** Whether a server runs no job. */
export async function isAtRest(url: string): Promise<boolean> {
  return ((await (await fetch(`${url}/status`)).json()) as { job: object | null }).job === null;
}

/** What the doctor finds wrong, one line each. */
export async function doctorFinds(host: Host, ...flags: string[]): Promise<string[]> {
  const { stdout } = await run(host, "doctor", ...flags, "--json");
  const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; message: string }[] };
  return checks
    .filter(({ status }) => status !== "ok")
    .map(({ name, status, message }) => `${status} ${name}: ${message}`);
}
