import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { signalProcess } from "../../signal-process.ts";
import { type Host, type Ran, run } from "../fuse/host.ts";
import type { Acknowledged } from "../lake-check.ts";
import type { Engine } from "./engine.ts";

/** What host A does when its network dies. */
export interface Story {
  args(folder: string): string[];
  /** It goes on until it is stopped, and has done its work when nothing waits any more. */
  serves?: boolean;
  /** What host B does of the same kind after it took over. */
  rival?: string[];
  /** What was told to be done must be there: of host A (`ended`), if it says so, and of host B. */
  missing?(b: Host, ended: Ran): Promise<string[]>;
}

export const STORIES: Record<string, Story> = {
  job: { args: () => ["process", "start", "--wait"] },
  served: { args: () => ["serve", "--port", "0", "--auto-process"], serves: true },
  rebuild: { args: () => ["catalog", "rebuild", "--full"] },
  config: {
    args: () => ["config", "provider", "create", "of-a"],
    missing: (b, ended) => missingNames(b, ended, ["config", "provider", "list"]),
  },
  token: {
    args: () => ["token", "create", "of-a", "--role", "reader"],
    rival: ["token", "create", "of-b", "--role", "reader"],
    missing: (b, ended) => missingNames(b, ended, ["token", "list"]),
  },
  upload: {
    args: (folder) => [
      ...["upload", join(folder, "scratch/for-a.jsonl")],
      ...["--type", "raw", "--provider", "hub", "--dataset", "of-a"],
    ],
  },
  sync: {
    args: () => ["sync", "--to", "trino"],
    rival: ["sync", "--to", "trino"],
    missing: async (b) => {
      const ran = await run(b, "sync", "--to", "trino", "--dry-run", "--json");
      return ran.exit === 0 && JSON.parse(ran.stdout).up_to_date
        ? []
        : [`host B's sync does not stand: ${ran.stdout}${ran.stderr}`];
    },
  },
};

async function missingNames(b: Host, ended: Ran, list: string[]): Promise<string[]> {
  const listed = await run(b, ...list, "--json");
  const names = ended.exit === 0 ? ["of-a", "of-b"] : ["of-b"];
  return names.filter((name) => !listed.stdout.includes(`"${name}"`)).map((name) => `${name} is lost`);
}

/** The settings of a host: its tokens lie on the same mount, and a copy of the lake is made over the lake's own folder. */
export function storyEnv(at: string, engine: Engine): Record<string, string> {
  return {
    DATALAKE_SERVE_TOKENS: join(at, "home/tokens.json"),
    DATALAKE_TRINO_URL: engine.url,
    DATALAKE_TRINO_CATALOG: "lake",
    DATALAKE_TRINO_SCHEMA: "datalake",
    DATALAKE_TRINO_LOCATION: "local:///lake",
  };
}

export async function makeHome(backing: string): Promise<void> {
  await mkdir(join(backing, "home"), { mode: 0o700 });
}

/** A program of a story; `ended` resolves with what it said. */
export interface Working {
  ended: Promise<Ran>;
  /** Ends one that serves, as the system does. */
  stop(): Promise<void>;
}

export function startStory(host: Host, { args, serves = false }: Story, folder: string): Working {
  const all = [...args(folder), ...(serves ? [] : ["--json"])];
  const child = Bun.spawn([...host.program, ...all], {
    cwd: "/",
    env: { ...process.env, ...host.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const ended = (async () => {
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { args: all, exit: await child.exited, stdout, stderr };
  })();
  return {
    ended,
    stop: async () => {
      // Of the host, not the program that makes it one: that ends with it.
      for (const pid of await childrenOf(child.pid)) signalProcess(pid, "SIGTERM");
    },
  };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}

/** Waits until no upload is pending or in work; `isOver` ends the waiting before. */
export async function untilSettled(backing: string, isOver: () => boolean = () => false): Promise<void> {
  while (!isOver()) {
    const staged = await Promise.all(
      ["pending", "processing"].map((part) => readdir(join(backing, "lake/staging", part))),
    );
    if (!staged.flat().some((name) => name.startsWith("u"))) return;
    await Bun.sleep(50);
  }
}

/** An upload of the story that was told to be staged. */
export function acknowledgedBy({ args, exit, stdout }: Ran): Acknowledged[] {
  if (exit !== 0 || args[0] !== "upload") return [];
  const { upload_id, rows, variant } = JSON.parse(stdout);
  return [{ upload_id, rows, partition: `provider=hub/dataset=of-a/task=raw/variant=${variant}` }];
}
