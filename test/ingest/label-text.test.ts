import { expect, test } from "bun:test";
import { labelText } from "../../src/ingest/collection/label-text.ts";

test("a zero byte behind a label is told by its number, and shown as nothing else", () => {
  for (const end of ["\0", "\0\0\0", "\u0001"]) {
    const read = labelText(Buffer.from(`{"글": 1}${end}`));
    if (!("reason" in read)) throw new Error("it was taken");
    expect(read.reason).toContain(`\\x0${end.charCodeAt(0)}`);
    expect(Array.from(read.reason, (one) => one.charCodeAt(0)).filter((code) => code < 32)).toEqual([]);
  }
});
