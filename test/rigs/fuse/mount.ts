import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command, MountEvent, Move } from "./control.ts";
import { splitLines } from "./control.ts";
import type { Behaviour } from "./traits.ts";

export interface MountOptions {
  /** An existing folder on a disk: what several mounts of it share, as a server's disk. */
  backing: string;
  /** Made when it is not there. */
  at: string;
  behaviour: Behaviour;
  /** Of `stale`: how long it goes on with what it saw; 3000 by default. */
  staleMs?: number;
}

export interface Moved extends Move {
  /** "ok", or the code of the error. */
  result: string;
}

export interface HoldOptions {
  /** How many that match go through before; 0 by default. */
  skip?: number;
  /** Whether everything that is asked afterwards waits too, as over a network that is dead; false by default. */
  freeze?: boolean;
}

export interface Hold {
  /** Resolves when one is held back. */
  held: Promise<Move>;
  /** Carries it out late; gives how it ended. */
  release(): Promise<Moved>;
}

export interface RigMount {
  readonly at: string;
  readonly backing: string;
  /** Every rename and link that was carried out so far, in order. */
  moves(): Promise<Moved[]>;
  /** Every file and folder that was synced so far, relative to the mount, in order. */
  syncs(): Promise<string[]>;
  /**
   * Holds back the effect and the answer of the next rename or link whose target, relative to the mount, matches this
   * glob. Set when the promise resolves.
   */
  hold(target: string, options?: HoldOptions): Promise<Hold>;
  /** Unmounts and ends the process, whoever still uses the mount; may be called several times. */
  end(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** One sentence on why no file system can be mounted here; undefined when one can. */
export function whyNoMounts(): string | undefined {
  if (!existsSync("/dev/fuse"))
    return "tests of network mounts need /dev/fuse, which this machine does not offer";
  if (process.getuid?.() !== 0)
    return "tests of network mounts need root, to mount file systems of their own";
  return undefined;
}

/** Ctrl-C and the like end whoever uses the mount, and that ends the file system. */
const UNMOUNT_AFTER = 'trap "" TERM INT HUP; "$@"; umount --lazy "$0" 2>/dev/null';

/** Mounts a file system of the rig, served by a process of its own; `await using` unmounts it when the test ends. */
export async function mountRig(options: MountOptions): Promise<RigMount> {
  const why = whyNoMounts();
  if (why !== undefined) throw new Error(why);
  await mkdir(options.at, { recursive: true });
  const daemon = [process.execPath, join(import.meta.dir, "daemon.ts"), JSON.stringify(options)];
  // Whatever kills this program's children, as a test that takes too long does, kills the shell alone; the file system
  // ends when its input does.
  const child = Bun.spawn(["sh", "-c", UNMOUNT_AFTER, options.at, ...daemon], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const moves: Moved[] = [];
  const syncs: string[] = [];
  const waiting: { wants: MountEvent["event"]; take(event: MountEvent): void; refuse(error: Error): void }[] =
    [];
  const next = <E extends MountEvent["event"]>(wants: E) =>
    new Promise<Extract<MountEvent, { event: E }>>((resolve, refuse) => {
      waiting.push({ wants, take: (event) => resolve(event as never), refuse });
    });
  const take = (event: MountEvent) => {
    if (event.event === "synced") syncs.push(event.path);
    if (event.event === "moved")
      moves.push({ by: event.by, from: event.from, to: event.to, result: event.result });
    const index = waiting.findIndex(({ wants }) => wants === event.event);
    if (index >= 0) waiting.splice(index, 1)[0]?.take(event);
  };
  const send = (command: Command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    child.stdin.flush();
  };
  // An event comes by a pipe: whoever was answered by the file system may be ahead of it.
  const allTold = async () => {
    const told = next("told");
    send({ do: "tell" });
    await told;
  };
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= endProcess(child, options.at);
    return ended;
  };
  const mounted = next("mounted");
  void readEvents(child.stdout, take).then((failure) => {
    for (const { refuse } of waiting.splice(0))
      refuse(new Error(failure ?? `the process of the mount ${options.at} ended`));
  });
  await mounted;
  return {
    at: options.at,
    backing: options.backing,
    moves: () => allTold().then(() => [...moves]),
    syncs: () => allTold().then(() => [...syncs]),
    hold: async (target, { skip = 0, freeze = false } = {}) => {
      const holding = next("holding");
      const held = next("held").then(({ by, from, to }) => ({ by, from, to }));
      held.catch(() => {});
      send({ do: "hold", target, skip, freeze });
      await holding;
      return {
        held,
        release: async () => {
          const { to } = await held;
          const start = moves.length;
          send({ do: "release" });
          for (;;) {
            const done = moves.slice(start).find((moved) => moved.to === to);
            if (done !== undefined) return done;
            await next("moved");
          }
        },
      };
    },
    end,
    [Symbol.asyncDispose]: end,
  };
}

/** Tells each event; gives the reason when the mount failed. */
async function readEvents(
  stream: ReadableStream<Uint8Array>,
  take: (event: MountEvent) => void,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let failure: string | undefined;
  let text = "";
  for await (const chunk of stream) {
    const { lines, rest } = splitLines(text + decoder.decode(chunk, { stream: true }));
    text = rest;
    for (const line of lines) {
      const event: MountEvent = JSON.parse(line);
      if (event.event === "failed") failure = event.message;
      take(event);
    }
  }
  return failure;
}

const END_TIMEOUT_MS = 5000;

async function endProcess(child: Bun.Subprocess<"pipe", "pipe", "inherit">, at: string): Promise<void> {
  child.stdin.end();
  await Promise.race([child.exited, Bun.sleep(END_TIMEOUT_MS)]);
  child.kill("SIGKILL");
  await child.exited;
  // Mounted still only when it hangs; it ends then.
  Bun.spawnSync(["umount", "--lazy", at], { stderr: "ignore" });
}
