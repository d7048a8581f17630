import { AppError } from "../../errors.ts";
import { readTextBytes } from "./source.ts";

/** Encodings that are found out; `--encoding` names any that the runtime decodes. */
export type FoundEncoding = "utf-8" | "utf-16le" | "utf-16be" | "euc-kr";

const MARKS: readonly [FoundEncoding, readonly number[]][] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];
/** They begin, or end, like those of UTF-16. */
const MARKS_OF_UTF_32 = [
  [0xff, 0xfe, 0, 0],
  [0, 0, 0xfe, 0xff],
];
const HEAD_BYTES = 4096;
/** What people call it, for the runtime has other names. */
const ALIASES: Record<string, string> = { cp949: "euc-kr", uhc: "euc-kr", ms949: "euc-kr", utf8: "utf-8" };

/** An encoding's name for people. */
export function encodingName(encoding: string): string {
  return encoding === "euc-kr" ? "CP949 (EUC-KR)" : encoding.toUpperCase();
}

/** The runtime's name of an encoding that a person named. Throws `usage`. */
export function parseEncoding(name: string): string {
  const plain = name.trim().toLowerCase();
  try {
    return new TextDecoder((ALIASES[plain] ?? plain) as "utf-8").encoding;
  } catch (cause) {
    throw new AppError(
      "usage",
      `--encoding ${name} is not known; give utf-8, utf-16le, utf-16be, cp949 or another name of a browser's encoding`,
      { cause },
    );
  }
}

/**
 * The encoding of a text file: by its mark, by the zeros of UTF-16, else UTF-8 where all of it is, else CP949 where all
 * of it is. Throws `invalid_input` naming the line where neither is, and for UTF-32.
 */
export async function findEncoding(path: string, signal?: AbortSignal): Promise<FoundEncoding> {
  const head = await readHead(path, signal);
  if (MARKS_OF_UTF_32.some((mark) => mark.every((byte, at) => head[at] === byte)))
    throw new AppError("invalid_input", `${path} is in UTF-32, which is not read; write it as UTF-8`, {
      details: { path },
    });
  const told = toldEncoding(head);
  if (told !== undefined) return told;
  const wrong = await firstWrongLine(path, "utf-8", signal);
  if (wrong === undefined) return "utf-8";
  if ((await firstWrongLine(path, "euc-kr", signal)) === undefined) return "euc-kr";
  throw notDecoded(path, "UTF-8, nor UTF-16 or CP949", wrong);
}

/** What a mark or the zeros of UTF-16 say at the beginning of a text. */
function toldEncoding(head: Uint8Array): FoundEncoding | undefined {
  const marked = MARKS.find(([, mark]) => mark.every((byte, at) => head[at] === byte));
  if (marked) return marked[0];
  const zeros = countZeros(head);
  if (zeros.odd > head.length / 5 && zeros.even < zeros.odd / 4) return "utf-16le";
  if (zeros.even > head.length / 5 && zeros.odd < zeros.even / 4) return "utf-16be";
  return undefined;
}

/** A whole text in memory, without a mark, in its encoding as `findEncoding` finds it; undefined where it is in none. */
export function decodeWhole(bytes: Uint8Array, given?: string): string | undefined {
  const told = given ?? toldEncoding(bytes.subarray(0, HEAD_BYTES));
  for (const encoding of told === undefined ? ["utf-8", "euc-kr"] : [told]) {
    try {
      return new TextDecoder(encoding as "utf-8", { fatal: true }).decode(bytes);
    } catch {
      // the next one
    }
  }
  return undefined;
}

/**
 * A list of lines in memory, in UTF-16 where its mark says so, else in UTF-8, else in CP949: zeros may stand between its lines.
 * Throws `invalid_input` where it is in none; `shown` is what it is called.
 */
export function decodeList(bytes: Uint8Array, shown: string): string {
  const [marked] = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte)) ?? [];
  for (const encoding of marked === undefined ? ["utf-8", "euc-kr"] : [marked]) {
    const text = decodeWhole(bytes, encoding);
    if (text !== undefined) return text;
  }
  throw new AppError("invalid_input", `${shown} is not in UTF-8, UTF-16 or CP949; write it as UTF-8`);
}

/** The text of a file, chunk by chunk, without a mark. Throws `invalid_input` where it is not in this encoding. */
export async function* decodeFile(
  path: string,
  encoding: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding as "utf-8", { fatal: true });
  let line = 1;
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw notDecoded(path, encodingName(encoding), line + (bytes ? linesBefore(bytes, encoding) : 0));
    }
  };
  for await (const bytes of readTextBytes(path, signal)) {
    const text = decode(bytes);
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) line++;
    if (text !== "") yield text;
  }
  const rest = decode();
  if (rest !== "") yield rest;
}

async function readHead(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  for await (const bytes of readTextBytes(path, signal)) return bytes.subarray(0, HEAD_BYTES);
  return new Uint8Array();
}

function countZeros(bytes: Uint8Array): { even: number; odd: number } {
  const zeros = { even: 0, odd: 0 };
  for (const [at, byte] of bytes.entries()) if (byte === 0) zeros[at % 2 === 0 ? "even" : "odd"]++;
  return zeros;
}

async function firstWrongLine(
  path: string,
  encoding: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    for await (const _ of decodeFile(path, encoding, signal));
    return undefined;
  } catch (error) {
    const line = error instanceof AppError ? error.details?.line : undefined;
    if (typeof line !== "number") throw error;
    return line;
  }
}

/** Lines that end in a chunk before what cannot be decoded. */
function linesBefore(bytes: Uint8Array, encoding: string): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decodes(bytes.subarray(0, middle), encoding)) good = middle;
    else bad = middle;
  }
  return bytes.subarray(0, good).filter((byte) => byte === 0x0a).length;
}

function decodes(bytes: Uint8Array, encoding: string): boolean {
  try {
    new TextDecoder(encoding as "utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function notDecoded(path: string, encoding: string, line: number): AppError {
  return new AppError(
    "invalid_input",
    `${path} is not in ${encoding}: line ${line} cannot be decoded; write it as UTF-8, or name its encoding with --encoding`,
    { details: { path, line } },
  );
}
