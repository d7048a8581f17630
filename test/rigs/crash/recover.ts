import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { builtBinary, type Run, runCommand } from "../../binary/binary.ts";
import { checkLake } from "../lake-check.ts";
import { environment, LAKE, type Recording } from "./record.ts";
import { materialize, type State } from "./state.ts";

/** Puts a state on a disk, lets the executable go on from there, and gives what is wrong then, one sentence each. */
export async function recover(
  recording: Recording,
  state: State,
  line: number,
  folder: string,
): Promise<string[]> {
  const disk = join(folder, "disk");
  await mkdir(disk, { recursive: true });
  await materialize(state, disk);
  await age(disk);
  const done = recording.commands.filter(({ ended }) => ended <= line);
  const acknowledged = done.flatMap(({ upload }) => upload ?? []);
  const found = await goOn(folder, done.length > 0);
  const lake = join(disk, LAKE);
  for (const [at, name] of [
    [2, "hub"],
    [3, "ocr"],
  ] as const) {
    const known = await readFile(join(lake, "config", "schema.yaml"), "utf8").catch(() => "");
    if (done.length >= at && !known.includes(name)) found.push(`${name} is not configured any more`);
  }
  return [...found, ...(await checkLake(lake, { acknowledged, settled: true }))];
}

/** What somebody does after a crash: starts the work again, and looks whether all is well. */
async function goOn(folder: string, initialized: boolean): Promise<string[]> {
  const found: string[] = [];
  const binary = await builtBinary();
  const run = async (...args: string[]): Promise<Run> =>
    runCommand([binary, ...args], { cwd: folder, env: environment(folder) });
  const expectDone = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args);
    if (code !== 0) found.push(`datalake ${args.join(" ")} ended with ${code}: ${stderr || stdout}`);
  };
  if (!initialized) await expectDone("init");
  await expectDone("process", "start", "--wait", "--quiet");
  await expectDone("catalog", "rebuild", "--quiet");
  await expectDone("doctor", "--full");
  return found;
}

/** A machine that starts again is later by minutes: who held a lease there has been silent since. */
async function age(folder: string): Promise<void> {
  const before = Date.now() / 1000 - 600;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (existsSync(path)) await utimes(path, before, before);
  }
}
