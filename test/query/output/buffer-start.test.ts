import { expect, test } from "bun:test";
import { bufferStart } from "../../../src/query/output/buffer-start.ts";

async function* chunks(count: number, events: string[], failing = false): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; at < count; at++) {
      events.push(`made ${at}`);
      yield Uint8Array.of(at);
    }
    if (failing) throw new Error("failed");
  } finally {
    events.push("closed");
  }
}

test("what fails before the limit fails before anything is handed on", async () => {
  const events: string[] = [];
  expect(await bufferStart(chunks(3, events, true), 10).catch(({ message }) => message)).toBe("failed");
  expect(events.at(-1)).toBe("closed");
});

test("all chunks come, in order, made only when they are taken", async () => {
  const events: string[] = [];
  const held = await bufferStart(chunks(5, events), 2);
  expect(events).toEqual(["made 0", "made 1"]);
  const seen = await Array.fromAsync(held, (chunk) => chunk[0]);
  expect(seen).toEqual([0, 1, 2, 3, 4]);
  expect(events.at(-1)).toBe("closed");
});

test("the source is closed when nobody takes the rest, or anything", async () => {
  for (const taken of [0, 1, 3]) {
    const events: string[] = [];
    const held = await bufferStart(chunks(9, events), 2);
    for (let at = 0; at < taken; at++) await held.next();
    await held.return?.();
    expect(events.at(-1)).toBe("closed");
  }
});
