import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { doctorFinds, type Host, type Ran, run, upload } from "../fuse/host.ts";
import type { Moved } from "../fuse/mount.ts";
import { mountTwo } from "../fuse/two-mounts.ts";
import { type Acknowledged, checkLake } from "../lake-check.ts";
import { ageLeases, createOtherHost } from "./two-hosts.ts";
import { copyServer, type Template } from "./world.ts";

/** What host A does when its network dies. */
export const STORIES: Record<string, (folder: string) => string[]> = {
  job: () => ["process", "start", "--wait"],
  rebuild: () => ["catalog", "rebuild", "--full"],
  config: () => ["config", "provider", "create", "of-a"],
  upload: (folder) => {
    const input = join(folder, "scratch/for-a.jsonl");
    return ["upload", input, "--type", "raw", "--provider", "hub", "--dataset", "of-a"];
  },
};

/** Every rename and link of a story that nothing disturbs. */
export async function listMoves(template: Template, story: string): Promise<Moved[]> {
  await using mounts = await mountTwo({ behaviour: "plain" });
  await copyServer(template, mounts.backing);
  const a = await createOtherHost("host-a", mounts.a.at, join(mounts.scratch, "a"));
  const ran = await run(a, ...(STORIES[story] as (folder: string) => string[])(template.folder));
  if (ran.exit !== 0) throw new Error(JSON.stringify(ran));
  return [...mounts.a.moves];
}

export interface HoldCase {
  story: string;
  /** Which of its renames and links is held back, from 0... */
  move: number;
  /** ...of those whose target matches this glob; of all without. */
  target?: string;
}

const EVERY_TARGET = "lake/**";

export interface HoldOutcome {
  /** What was held back; undefined when the story ended before. */
  held: string | undefined;
  /** What is wrong afterwards, one sentence each. */
  faults: string[];
}

/**
 * Host A's network dies at a rename or link: nothing that it asks for arrives. Its leases grow old, host B takes over
 * and works. Then all that A asked for arrives.
 */
export async function runHoldCase(
  template: Template,
  { story, move, target = EVERY_TARGET }: HoldCase,
): Promise<HoldOutcome> {
  await using mounts = await mountTwo({ behaviour: "plain" });
  await copyServer(template, mounts.backing);
  const a = await createOtherHost("host-a", mounts.a.at, join(mounts.scratch, "a"));
  const b = await createOtherHost("host-b", mounts.b.at, join(mounts.scratch, "b"));
  const acknowledged = [...template.acknowledged];
  const faults: string[] = [];

  const hold = await mounts.a.hold(target, { skip: move, freeze: true });
  const working = run(a, ...(STORIES[story] as (folder: string) => string[])(template.folder), "--json");
  const held = await Promise.race([hold.held, working.then(() => undefined)]);
  if (held === undefined) return { held: undefined, faults };

  await ageLeases(mounts.backing);
  // Of the partition that host A compacts, and of another one that is then compacted too.
  for (const dataset of ["x", "y"])
    await upload(b, template.laterTexts, { dataset, mode: "append" }, acknowledged);
  faults.push(...(await takeOver(b, mounts.backing)));
  const configured = await run(b, "config", "provider", "create", "of-b");
  if (configured.exit !== 0) faults.push(`host B could not change a setting: ${describe(configured)}`);

  await hold.release();
  const ended = await working;
  faults.push(...untrue(ended));
  if (ended.exit === 0 && story === "upload") {
    const { upload_id, rows, variant } = JSON.parse(ended.stdout);
    acknowledged.push({
      upload_id,
      rows,
      partition: `provider=hub/dataset=of-a/task=raw/variant=${variant}`,
    });
  }
  faults.push(
    ...(await judge(b, mounts.backing, acknowledged, [
      "of-b",
      ...(ended.exit === 0 && story === "config" ? ["of-a"] : []),
    ])),
  );
  return { held: `${held.by} ${held.from} -> ${held.to}`, faults };
}

/** B works as soon as it may: what is A's counts as dead. */
async function takeOver(b: Host, backing: string): Promise<string[]> {
  let ran = await run(b, "process", "start", "--wait");
  for (let attempt = 0; attempt < 5 && ran.exit === 5; attempt++) {
    await ageLeases(backing);
    ran = await run(b, "process", "start", "--wait");
  }
  return ran.exit === 0 ? [] : [`host B did not take over: ${describe(ran)}`];
}

/** Advice that is wrong here: nothing is damaged, and nobody's permissions are. */
const WRONG_WORDS =
  /internal|owner and mode|correct the file|upload .* again|may not be read|check the disk|E[A-Z]{4,}/;

function untrue(ran: Ran): string[] {
  const isWrong =
    ran.exit === null || ![0, 1, 4, 5].includes(ran.exit) || WRONG_WORDS.test(ran.stdout + ran.stderr);
  return isWrong ? [`host A says what is not so: ${describe(ran)}`] : [];
}

async function judge(
  b: Host,
  backing: string,
  acknowledged: readonly Acknowledged[],
  providers: readonly string[],
): Promise<string[]> {
  const faults: string[] = [];
  await ageLeases(backing);
  for (const args of [
    ["process", "start", "--wait"],
    ["catalog", "rebuild"],
  ]) {
    const ran = await run(b, ...args);
    if (ran.exit !== 0) faults.push(`afterwards: ${describe(ran)}`);
  }
  const listed = await run(b, "config", "provider", "list", "--json");
  for (const name of providers)
    if (!listed.stdout.includes(`"${name}"`)) faults.push(`the provider ${name} is lost`);
  const failed = await readdir(join(backing, "lake/staging/failed"));
  if (failed.length > 0) faults.push(`staging/failed holds ${failed.join(", ")}`);
  faults.push(...(await doctorFinds(b, "--full")).map((line) => `doctor: ${line}`));
  faults.push(...(await checkLake(join(backing, "lake"), { acknowledged, settled: true })));
  return faults;
}

function describe({ args, exit, stdout, stderr }: Ran): string {
  return `${args.join(" ")} ended with ${exit}: ${stderr.slice(-600)} ${stdout.slice(-600)}`.replace(
    /\s+/g,
    " ",
  );
}
