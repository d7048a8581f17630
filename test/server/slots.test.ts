import { describe, expect, test } from "bun:test";
import { createSlots, type Slots } from "../../src/server/work/slots.ts";
import { codeOf } from "../code-of.ts";

const never = new AbortController().signal;

/** Takes places for callers, and tells in which order they came in. */
function ask(slots: Slots) {
  const order: string[] = [];
  const held = new Map<string, (() => void)[]>();
  return {
    order,
    take: async (...callers: string[]) => {
      for (const caller of callers) {
        void slots.take(never, caller).then((free) => {
          order.push(caller);
          held.set(caller, [...(held.get(caller) ?? []), free]);
        });
        await Bun.sleep(0);
      }
    },
    free: async (caller: string) => {
      held.get(caller)?.shift()?.();
      await Bun.sleep(0);
    },
  };
}

describe("places", () => {
  test("are never all one caller's", async () => {
    const slots = createSlots({ count: 4, perCaller: 3, maxWaiting: 9, work: "4 queries" });
    const { take, order } = ask(slots);
    await take("kim", "kim", "kim", "kim", "kim", "kim");
    expect(slots.load()).toEqual({ running: 3, waiting: 3 });
    await take("lee");
    expect(order).toEqual(["kim", "kim", "kim", "lee"]);
  });

  test("go round among those who wait, whoever runs least first", async () => {
    const slots = createSlots({ count: 2, perCaller: 2, maxWaiting: 9, work: "2 queries" });
    const { take, free, order } = ask(slots);
    await take("kim", "kim", "kim", "kim", "lee", "ann", "lee");
    await free("kim");
    await free("kim");
    await free("lee");
    await free("ann");
    await free("kim");
    expect(order).toEqual(["kim", "kim", "lee", "kim", "ann", "lee", "kim"]);
  });

  test("that are given back twice count once, and who went is forgotten", async () => {
    const slots = createSlots({ count: 1, perCaller: 1, maxWaiting: 9, work: "1 query" });
    const free = await slots.take(never, "kim");
    const gone = new AbortController();
    const waiting = slots.take(gone.signal, "lee");
    gone.abort();
    expect(await codeOf(waiting)).toBe("cancelled");
    free();
    free();
    expect(slots.load()).toEqual({ running: 0, waiting: 0 });
    await slots.take(never, "ann");
    expect(slots.load()).toEqual({ running: 1, waiting: 0 });
  });

  test("are refused to who has too many waiting, and after a time", async () => {
    const slots = createSlots({ count: 1, perCaller: 1, maxWaiting: 1, waitMs: 50, work: "1 query" });
    await slots.take(never, "kim");
    const late = codeOf(slots.take(never, "kim"));
    expect(await codeOf(slots.take(never, "kim"))).toBe("busy");
    const others = codeOf(slots.take(never, "lee"));
    expect([await late, await others]).toEqual(["busy", "busy"]);
    expect(slots.load()).toEqual({ running: 1, waiting: 0 });
  });
});
