import * as v from "valibot";
import type { AppError } from "../errors.ts";
import { checkValue } from "./check.ts";
import { FailureSchema, failureError } from "./failure.ts";

/**
 * What a described Arrow answer ends with when it fails on its way: the error's document as JSON, its length in bytes
 * (32 bits, little-endian), and this. A whole answer ends with the stream's own end marker instead, which is another.
 */
const MARK = Buffer.from("\0datalake failed");
/** A failure is no longer than this, in bytes; readers hold so much back until they know the end. */
export const FAILURE_BYTES = 64 * 1024;

const DocumentSchema = v.object({ error: FailureSchema });

export function encodeFailure(error: AppError): Uint8Array {
  const whole = Buffer.from(JSON.stringify(error.toDocument()));
  const fits = whole.length + MARK.length + 4 <= FAILURE_BYTES;
  const document = fits
    ? whole
    : Buffer.from(JSON.stringify({ error: { code: error.code, message: "failed" } }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(document.length);
  return Buffer.concat([document, length, MARK]);
}

/** The failure at the end of an answer's last bytes; undefined where there is none. */
export function decodeFailure(tail: Uint8Array): AppError | undefined {
  const bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  const end = bytes.length - MARK.length - 4;
  if (end < 0 || !bytes.subarray(end + 4).equals(MARK)) return undefined;
  const start = end - bytes.readUInt32LE(end);
  const text = bytes.toString("utf8", Math.max(0, start), end);
  const parsed = checkValue(v.pipe(v.string(), v.parseJson(), DocumentSchema), text);
  if (!parsed.success) return undefined;
  return failureError(parsed.output.error);
}
