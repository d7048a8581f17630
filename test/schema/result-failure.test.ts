import { expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../../src/errors.ts";
import { decodeFailure, encodeFailure, FAILURE_BYTES } from "../../src/schema/result-failure.ts";

test("a failure at the end of any bytes is read as it was written", () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.string(),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string()),
      (before, message, details) => {
        const frame = encodeFailure(new AppError("timeout", message, { details }));
        const read = decodeFailure(Buffer.concat([before, frame]));
        expect(read?.toDocument()).toEqual({ error: { code: "timeout", message, details: { ...details } } });
      },
    ),
  );
});

test("what is no failure is none", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodeFailure(bytes) === undefined));
  const frame = encodeFailure(new AppError("timeout", "too slow"));
  for (let end = 0; end < frame.length; end++) expect(decodeFailure(frame.subarray(0, end))).toBeUndefined();
  expect(decodeFailure(frame.subarray(1))).toBeUndefined();
});

test("one that is too long keeps its code", () => {
  const frame = encodeFailure(new AppError("too_large", "x".repeat(2 * FAILURE_BYTES)));
  expect(frame.length).toBeLessThanOrEqual(FAILURE_BYTES);
  expect(decodeFailure(frame)?.code).toBe("too_large");
});
