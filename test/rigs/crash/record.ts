import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { builtBinary, runCommand } from "../../binary/binary.ts";
import { makeImage } from "../../jobs/staging-kit.ts";
import type { Acknowledged } from "../lake-check.ts";
import { Disk } from "./disk.ts";
import { followCall } from "./follow.ts";
import { type State, stateOf } from "./state.ts";
import { readCalls, traced } from "./strace.ts";

/** What the executable did to a disk, from an empty folder to a lake with uploads of every kind. */
export interface Recording {
  disk: Disk;
  /** The last line of the log of each command; `upload` is what it acknowledged. */
  commands: { name: string; ended: number; upload?: Acknowledged }[];
}

/** The lake and all scratch are on the recorded disk; what is uploaded comes from elsewhere. */
export const LAKE = "lake";

export function environment(folder: string): Record<string, string> {
  const disk = join(folder, "disk");
  return {
    HOME: folder,
    DATALAKE_LAKE: join(disk, LAKE),
    DATALAKE_SCRATCH: join(disk, "scratch"),
    DATALAKE_PROCESSING_NUM_PROC: "1",
  };
}

const PAGES = ["--type", "raw", "--provider", "hub", "--dataset", "pages"];
const WORDS = [
  "--type",
  "task",
  "--provider",
  "hub",
  "--dataset",
  "pages",
  "--task",
  "ocr",
  "--variant",
  "words",
];

function commandsOf(inputs: string): string[][] {
  const input = (name: string) => join(inputs, name);
  return [
    ["init"],
    ["config", "provider", "create", "hub"],
    ["config", "task", "create", "ocr", "--required", "lang", "--allow", "lang=ko,en"],
    ["upload", input("first"), ...PAGES],
    ["upload", input("labels.jsonl"), ...WORDS, "--meta", "lang=ko"],
    ["process", "start", "--wait"],
    ["upload", input("second"), ...PAGES, "--mode", "append"],
    ["upload", input("text.jsonl"), "--type", "raw", "--provider", "hub", "--dataset", "texts"],
    ["process", "start", "--wait"],
    ["upload", input("third"), ...PAGES, "--mode", "replace"],
    ["process", "start", "--wait"],
    ["catalog", "rebuild", "--full"],
  ];
}

/** Runs the commands under strace; `folder` is empty and stays. */
export async function record(folder: string): Promise<Recording> {
  const binary = await builtBinary();
  const [inputs, root] = [join(folder, "inputs"), join(folder, "disk")];
  await makeInputs(inputs);
  await mkdir(root);
  const env = environment(folder);
  // The native libraries are unpacked before, into the cache that is not recorded.
  await runCommand([binary, "sql", "SELECT 1"], {
    cwd: folder,
    env: { ...env, DATALAKE_LAKE: join(folder, "none") },
  });
  const recording: Recording = { disk: new Disk(root), commands: [] };
  let lines = 0;
  for (const args of commandsOf(inputs)) {
    const log = join(folder, "strace.log");
    const command = [...traced(log), binary, ...args, "--json"];
    const { code, stdout, stderr } = await runCommand(command, { cwd: folder, env });
    const name = args.slice(0, 2).join(" ");
    if (code !== 0) throw new Error(`datalake ${name} ended with ${code}: ${stderr}`);
    let last = 0;
    for await (const call of readCalls(log)) {
      followCall(recording.disk, call, lines);
      last = call.ended;
    }
    lines += last + 1;
    await rm(log);
    recording.commands.push({
      name,
      ended: lines,
      ...(args[0] === "upload" ? { upload: acknowledged(stdout) } : {}),
    });
  }
  await compare(stateOf(recording.disk.changes), root);
  return recording;
}

/** What was followed must be what is there: else states made of it prove nothing. */
async function compare(state: State, root: string): Promise<void> {
  const there = new Set<string>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path);
    there.add(name);
    const known = entry.isDirectory()
      ? state.folders.has(name)
      : state.files.get(name)?.bytes.equals(await readFile(path));
    if (!known) throw new Error(`${name} is not what was recorded`);
  }
  for (const name of [...state.folders.keys(), ...state.files.keys()])
    if (!there.has(name)) throw new Error(`${name} was recorded, and is not there`);
}

function acknowledged(stdout: string): Acknowledged {
  const { upload_id, rows, provider, dataset, task, variant } = JSON.parse(stdout);
  return {
    upload_id,
    rows,
    partition: `provider=${provider}/dataset=${dataset}/task=${task}/variant=${variant}`,
  };
}

async function makeInputs(folder: string): Promise<void> {
  const sets = { first: [0, 4], second: [3, 6], third: [1, 3] } as const;
  for (const [name, [from, until]] of Object.entries(sets)) {
    await mkdir(join(folder, name), { recursive: true });
    for (let page = from; page < until; page++) {
      const format = page % 2 === 0 ? "jpeg" : "png";
      await writeFile(join(folder, name, `쪽-${page}.${format}`), await makeImage(page, format));
    }
  }
  const labels = [0, 2].map((page) => ({
    source_name: `쪽-${page}.jpeg`,
    label: { words: [`영수증 ${page}`] },
  }));
  await writeFile(join(folder, "labels.jsonl"), labels.map((label) => `${JSON.stringify(label)}\n`).join(""));
  const texts = Array.from({ length: 5 }, (_, at) => JSON.stringify({ text: `글 ${at}` }));
  await writeFile(join(folder, "text.jsonl"), `${texts.join("\n")}\n`);
}
