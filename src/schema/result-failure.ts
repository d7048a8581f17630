import * as v from "valibot";
import type { AppError } from "../errors.ts";
import { checkValue } from "./check.ts";
import { FailureSchema, failureError } from "./failure.ts";

/**
 * End of a described Arrow response that failed midway: the error document as JSON, its length in bytes (32
 * bits, little-endian), and this mark. A complete response ends with the stream's own end marker instead.
 */
const MARK = Buffer.from("\0datalake failed");
/** Maximum size of a failure; readers hold back this many bytes until the end. */
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

/** The failure in the last bytes of a response, or undefined. */
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
