/**
 * `bun daemon.ts '{"backing", "at", "behaviour", "staleMs"}'`: a file system in a process of its own, over a backing
 * folder. It ends, and unmounts, when its standard input does.
 */
import { readSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { relative } from "node:path";
import type { Context } from "./context.ts";
import { type Command, type HoldRequest, type MountEvent, type Move, splitLines } from "./control.ts";
import { mountFuse, unmountFuse, waitReadable } from "./device.ts";
import { errnoOf } from "./failure.ts";
import { decodeRename } from "./names.ts";
import { NodeTable } from "./nodes.ts";
import { decodeRequest, encodeReply, namesIn, OP, REQUEST_BYTES, type Request } from "./protocol.ts";
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
const held: Request[] = [];
/** The network is dead: what is asked waits here. */
let isFrozen = false;
const waiting: Request[] = [];

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
  if (isFrozen) {
    // The message's bytes are the next one's too.
    waiting.push({ ...request, body: Buffer.from(request.body) });
    return;
  }
  if (request.opcode === OP.fsync || request.opcode === OP.fsyncdir) tellSync(request);
  const move = moveOf(request);
  if (move === undefined) answer(request.unique, () => serve(context, request));
  else if (!isToHold(move)) carryOut(request, move);
  else {
    isFrozen = hold?.freeze ?? false;
    hold = undefined;
    held.push({ ...request, body: Buffer.from(request.body) });
    tell({ event: "held", ...move });
  }
}

function isToHold({ to }: Move): boolean {
  return hold !== undefined && new Bun.Glob(hold.target).match(to) && hold.skip-- <= 0;
}

/** The names of a rename or link. */
function moveOf(request: Request): Move | undefined {
  if (request.opcode === OP.link) {
    const [name = ""] = namesIn(request.body, 8);
    const from = pathOfId(Number(request.body.readBigUInt64LE(0)));
    return { by: "link", from, to: pathIn(request.nodeId, name) };
  }
  if (request.opcode !== OP.rename && request.opcode !== OP.rename2) return undefined;
  const asked = decodeRename(request);
  return {
    by: "rename",
    from: pathIn(asked.fromParent, asked.from),
    to: pathIn(asked.toParent, asked.to),
  };
}

function carryOut(request: Request, move: Move): void {
  let result = "ok";
  answer(request.unique, () => {
    try {
      return serve(context, request);
    } catch (error) {
      result = (error as { code?: string }).code ?? String(error);
      throw error;
    }
  });
  tell({ event: "moved", ...move, result });
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
    return;
  }
  if (command.do === "tell") {
    tell({ event: "told" });
    return;
  }
  for (const request of held.splice(0)) carryOut(request, moveOf(request) as Move);
  isFrozen = false;
  for (const request of waiting.splice(0)) handle(request);
}

function tellSync({ nodeId }: Request): void {
  tell({ event: "synced", path: pathOfId(nodeId) });
}

/** Relative to the mount; empty for what has no name any more. */
function pathOfId(id: number): string {
  const node = context.table.get(id);
  const path = node && context.table.pathOf(node);
  return path === undefined ? "" : relative(options.backing, path);
}

function pathIn(parentId: number, name: string): string {
  const folder = pathOfId(parentId);
  return folder === "" ? name : `${folder}/${name}`;
}

function tell(event: MountEvent): void {
  writeSync(STDOUT, `${JSON.stringify(event)}\n`);
}
