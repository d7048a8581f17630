import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { doctorFinds, ERRNO, type Host, type Ran, run, upload } from "../fuse/host.ts";
import type { Moved } from "../fuse/mount.ts";
import type { Behaviour } from "../fuse/traits.ts";
import { mountTwo, type TwoMounts } from "../fuse/two-mounts.ts";
import { type Acknowledged, checkLake } from "../lake-check.ts";
import { type Engine, startEngine } from "./engine.ts";
import {
  acknowledgedBy,
  makeHome,
  STORIES,
  type Story,
  startStory,
  storyEnv,
  untilSettled,
} from "./stories.ts";
import { ageLeases, createOtherHost } from "./two-hosts.ts";
import { copyServer, type Template } from "./world.ts";

/** Of a mount that lags; what the others show is never old. */
const STALE_MS = 1500;

export interface HoldCase {
  /** One of `STORIES`. */
  story: string;
  /** Which of its renames and links is held back, from 0... */
  move: number;
  /** ...of those whose target matches this glob; of all without. */
  target?: string;
  /** Of both hosts' mounts; `plain` without. */
  behaviour?: Behaviour;
}

/** A server's disk, and two hosts that reach it by mounts of their own. */
interface Pair extends AsyncDisposable {
  mounts: TwoMounts;
  a: Host;
  b: Host;
  engines: Record<"a" | "b", Engine>;
}

async function makePair(template: Template, behaviour: Behaviour): Promise<Pair> {
  const mounts = await mountTwo({ behaviour, staleMs: behaviour === "stale" ? STALE_MS : 0 });
  const engines = { a: startEngine(), b: startEngine() };
  await copyServer(template, mounts.backing);
  await makeHome(mounts.backing);
  const hostOn = (side: "a" | "b") => {
    const { at } = mounts[side];
    return createOtherHost(`host-${side}`, at, join(mounts.scratch, side), storyEnv(at, engines[side]));
  };
  return {
    mounts,
    engines,
    a: await hostOn("a"),
    b: await hostOn("b"),
    [Symbol.asyncDispose]: async () => {
      for (const engine of Object.values(engines)) engine[Symbol.dispose]();
      await mounts[Symbol.asyncDispose]();
    },
  };
}

function storyOf(name: string): Story {
  const story = STORIES[name];
  if (story === undefined) throw new Error(`${name} is no story`);
  return story;
}

/** Every rename and link of a story that nothing disturbs. */
export async function listMoves(
  template: Template,
  name: string,
  behaviour: Behaviour = "plain",
): Promise<Moved[]> {
  await using pair = await makePair(template, behaviour);
  const story = storyOf(name);
  const working = startStory(pair.a, story, template.folder);
  if (story.serves) {
    let isOver = false;
    void working.ended.then(() => {
      isOver = true;
    });
    await untilSettled(pair.mounts.backing, () => isOver);
    await working.stop();
  }
  const ran = await working.ended;
  if (ran.exit !== 0) throw new Error(JSON.stringify(ran));
  return await pair.mounts.a.moves();
}

const EVERY_TARGET = "{lake,home}/**";

export interface HoldOutcome {
  /** What was held back; undefined when the story ended before. */
  held: string | undefined;
  /** What host A said in the end. */
  told: Ran;
  /** What is wrong afterwards, one sentence each. */
  faults: string[];
}

/**
 * Host A's network dies at a rename or link: nothing that it asks for arrives. Its leases grow old, host B takes over
 * and works. Then all that A asked for arrives.
 */
export async function runHoldCase(
  template: Template,
  { story: name, move, target = EVERY_TARGET, behaviour = "plain" }: HoldCase,
): Promise<HoldOutcome> {
  await using pair = await makePair(template, behaviour);
  const { mounts, a, b, engines } = pair;
  const story = storyOf(name);
  const acknowledged = [...template.acknowledged];
  const faults: string[] = [];

  const hold = await mounts.a.hold(target, { skip: move, freeze: true });
  const working = startStory(a, story, template.folder);
  let isOver = false;
  const over = working.ended.then(() => {
    isOver = true;
  });
  // A server publishes and ends after its work: there one may be held back as well.
  const settled = story.serves ? untilSettled(mounts.backing, () => isOver).then(working.stop) : undefined;
  const held = await Promise.race([hold.held, Promise.all([settled, over]).then(() => undefined)]);
  if (held === undefined) return { held, told: await working.ended, faults };

  await ageLeases(mounts.backing);
  // Of the partition that host A compacts, and of another one that is then compacted too.
  for (const dataset of ["x", "y"])
    await upload(b, template.laterTexts, { dataset, mode: "append" }, acknowledged);
  faults.push(...(await takeOver(b, mounts.backing)));
  for (const args of [["config", "provider", "create", "of-b"], ...(story.rival ? [story.rival] : [])]) {
    const ran = await run(b, ...args);
    if (ran.exit !== 0) faults.push(`host B could not do its own: ${describe(ran)}`);
  }

  const askedBefore = engines.a.statements.length;
  await hold.release();
  if (story.serves) {
    await Promise.race([over, Bun.sleep(SERVE_ON_MS)]);
    await working.stop();
  }
  const told = await working.ended;
  faults.push(...untrue(told));
  const late = engines.a.statements.slice(askedBefore);
  if (late.length > 0) faults.push(`host A goes on with its statements: ${late[0]}`);
  acknowledged.push(...acknowledgedBy(told));
  faults.push(...((await story.missing?.(b, told)) ?? []));
  // Nobody has repaired anything yet.
  faults.push(...(await doctorFinds(b)).filter((line) => line.includes("_metadata.json")));
  faults.push(...(await judge(b, mounts.backing, acknowledged, behaviour)));
  return { held: `${held.by} ${held.from} -> ${held.to}`, told, faults };
}

/** Time for a server to find that it does not hold the lake any more, and to go on. */
const SERVE_ON_MS = 5000;

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
const WRONG_WORDS = /internal|owner and mode|correct the file|upload .* again|may not be read|check the disk/;

function untrue(ran: Ran): string[] {
  const said = ran.stdout + ran.stderr;
  const isWrong =
    ran.exit === null || ![0, 1, 4, 5].includes(ran.exit) || WRONG_WORDS.test(said) || ERRNO.test(said);
  return isWrong ? [`host A says what is not so: ${describe(ran)}`] : [];
}

async function judge(
  b: Host,
  backing: string,
  acknowledged: readonly Acknowledged[],
  behaviour: Behaviour,
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
  if (!listed.stdout.includes('"of-b"')) faults.push("the provider of-b is lost");
  const failed = await readdir(join(backing, "lake/staging/failed"));
  if (failed.length > 0) faults.push(`staging/failed holds ${failed.join(", ")}`);
  faults.push(...(await doctorFinds(b, "--full")).map((line) => `doctor: ${line}`));
  const withoutModes = behaviour === "smb";
  faults.push(...(await checkLake(join(backing, "lake"), { acknowledged, settled: true, withoutModes })));
  return faults;
}

const TOLD_CHARS = 3000;

function describe({ args, exit, stdout, stderr }: Ran): string {
  const told = `${stderr.slice(-TOLD_CHARS)} ${stdout.slice(-TOLD_CHARS)}`.replace(/\s+/g, " ");
  return `${args.join(" ")} ended with ${exit}: ${told}`;
}
