import type { Parser } from "./parsers.ts";

const good = [Buffer.from("12345678")];
const isGood = (bytes: Buffer) => bytes.equals(good[0] as Buffer);

/** Parsers with a fault of each kind that the rig must see. */
export const BROKEN: Parser[] = [
  {
    name: "out of range",
    good,
    parse: (bytes) => bytes.readUInt32LE(isGood(bytes) ? 0 : bytes.length),
  },
  {
    name: "hanging",
    good,
    parse: (bytes) => {
      while (!isGood(bytes));
    },
  },
  {
    name: "greedy",
    good,
    parse: (bytes) => (isGood(bytes) ? undefined : HELD.push(Buffer.alloc(1e9, 1))),
  },
  {
    name: "crashing",
    good,
    parse: (bytes) => isGood(bytes) || process.kill(process.pid, "SIGSEGV"),
  },
];

const HELD: Buffer[] = [];
