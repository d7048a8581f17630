/**
 * `bun daemon.ts '{"backing", "at", "behaviour", "staleMs"}'`: a file system in a process of its own, over a backing
 * folder. It ends, and unmounts, when its standard input does.
 */
import { readSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { relative } from "node:path";
import { type Context, nodeOf, pathOf } from "./context.ts";
import { type Command, type HoldRequest, type MountEvent, splitLines } from "./control.ts";
import { mountFuse, unmountFuse, waitReadable } from "./device.ts";
import { errnoOf } from "./failure.ts";
import { decodeRename, type Rename, rename } from "./names.ts";
import { NodeTable } from "./nodes.ts";
import { decodeRequest, encodeReply, OP, REQUEST_BYTES, type Request } from "./protocol.ts";
import { serve } from "./serve.ts";
import { BEHAVIOURS, type Behaviour } from "./traits.ts";

interface Options {
  backing: string;
  at: string;
  behaviour: Behaviour;
  staleMs?: number;
}

const STDIN = 0;
const STDOUT = 1;
const UNANSWERED: number[] = [OP.forget, OP.batchForget, OP.interrupt];

const options: Options = JSON.parse(process.argv[2] ?? "{}");
const traits = { ...BEHAVIOURS[options.behaviour] };
if (options.staleMs !== undefined) traits.staleMs = options.staleMs;
const context: Context = {
  backing: options.backing,
  traits,
  table: new NodeTable(options.backing),
  open: new Map(),
  listings: new Map(),
  nextListing: 1,
  losers: 0,
};
let hold: HoldRequest | undefined;
const held: { unique: bigint; asked: Rename }[] = [];

process.umask(0);
let device: number;
try {
  device = mountFuse(options.at, options.behaviour);
} catch (error) {
  tell({ event: "failed", message: (error as Error).message });
  process.exit(1);
}
tell({ event: "mounted" });
try {
  run();
} finally {
  unmountFuse(options.at);
}
process.exit(0);

function run(): void {
  const message = Buffer.alloc(REQUEST_BYTES);
  let commands = "";
  for (;;) {
    const [hasRequest, hasCommand] = waitReadable([device, STDIN]);
    if (hasCommand) {
      const length = readSync(STDIN, message, 0, message.length, null);
      if (length === 0) return;
      const { lines, rest } = splitLines(commands + message.toString("utf8", 0, length));
      commands = rest;
      for (const line of lines) obey(JSON.parse(line));
    }
    if (!hasRequest) continue;
    const length = readRequest(message);
    if (length < 0) return;
    if (length > 0) handle(decodeRequest(message.subarray(0, length)));
  }
}

/** 0 for a request that was taken back, -1 when it was unmounted. */
function readRequest(message: Buffer): number {
  try {
    return readSync(device, message, 0, message.length, null);
  } catch (error) {
    return errnoOf(error) === constants.errno.ENODEV ? -1 : 0;
  }
}

function handle(request: Request): void {
  if (UNANSWERED.includes(request.opcode)) return;
  if (request.opcode === OP.fsync || request.opcode === OP.fsyncdir) tellSync(request);
  if (request.opcode === OP.rename || request.opcode === OP.rename2) handleRename(request);
  else answer(request.unique, () => serve(context, request));
}

function handleRename(request: Request): void {
  const asked = decodeRename(request, request.opcode === OP.rename2);
  const to = pathIn(asked.toParent, asked.to);
  if (hold === undefined || !new Bun.Glob(hold.target).match(to) || hold.skip-- > 0) {
    carryOut(request.unique, asked);
    return;
  }
  hold = undefined;
  held.push({ unique: request.unique, asked });
  tell({ event: "held", from: pathIn(asked.fromParent, asked.from), to });
}

function carryOut(unique: bigint, asked: Rename): void {
  const names = { from: pathIn(asked.fromParent, asked.from), to: pathIn(asked.toParent, asked.to) };
  let result = "ok";
  answer(unique, () => {
    try {
      return rename(context, asked);
    } catch (error) {
      result = (error as { code?: string }).code ?? String(error);
      throw error;
    }
  });
  tell({ event: "renamed", ...names, result });
}

function answer(unique: bigint, work: () => Buffer): void {
  let reply: Buffer;
  try {
    reply = encodeReply(unique, 0, work());
  } catch (error) {
    if ((error as { code?: string }).code === undefined) process.stderr.write(`${(error as Error).stack}\n`);
    reply = encodeReply(unique, errnoOf(error));
  }
  try {
    writeSync(device, reply);
  } catch {
    // Who asked is gone.
  }
}

function obey(command: Command): void {
  if (command.do === "hold") {
    hold = command;
    tell({ event: "holding" });
  } else {
    for (const { unique, asked } of held.splice(0)) carryOut(unique, asked);
  }
}

function tellSync({ nodeId }: Request): void {
  const node = context.table.get(nodeId);
  const path = node && context.table.pathOf(node);
  if (path !== undefined) tell({ event: "synced", path: relative(options.backing, path) });
}

/** Relative to the mount. */
function pathIn(parentId: number, name: string): string {
  try {
    const folder = relative(options.backing, pathOf(context, nodeOf(context, parentId)));
    return folder === "" ? name : `${folder}/${name}`;
  } catch {
    return name;
  }
}

function tell(event: MountEvent): void {
  writeSync(STDOUT, `${JSON.stringify(event)}\n`);
}
