import { expect, test } from "bun:test";
import { createKeptWork } from "../../src/query/kept-work.ts";

const make = (maxCost = 10, atOnce = 1) =>
  createKeptWork<number>({ costOf: (cost) => cost, maxCost, atOnce });

test("work that several ask for is done once, and its result is kept as long as it fits", async () => {
  const kept = make();
  let done = 0;
  const work = (cost: number) => async () => {
    done++;
    return cost;
  };
  expect(await Promise.all([1, 2, 3].map(() => kept.get("a", undefined, work(4))))).toEqual([4, 4, 4]);
  await kept.get("b", undefined, work(5));
  await kept.get("a", undefined, work(4));
  expect(done).toBe(2);
  await kept.get("c", undefined, work(3));
  await kept.get("a", undefined, work(4));
  expect(done).toBe(3);
  await kept.get("b", undefined, work(5));
  expect(done).toBe(4);
  await kept.get("large", undefined, work(50));
  await kept.get("large", undefined, work(50));
  expect(done).toBe(5);
});

test("who leaves is told at once while others wait; the last one to leave stops the work", async () => {
  const kept = make();
  const [first, second] = [new AbortController(), new AbortController()];
  const stopped = Promise.withResolvers<number>();
  const work = (signal: AbortSignal) => {
    signal.addEventListener("abort", () => stopped.reject(new Error("stopped")));
    return stopped.promise;
  };
  const [a, b] = [kept.get("x", first.signal, work), kept.get("x", second.signal, work)];
  first.abort();
  expect(await a.catch((error) => error.code)).toBe("cancelled");
  second.abort();
  expect(await b.catch((error) => error.code)).toBe("cancelled");
  expect(await stopped.promise.catch((error) => error.message)).toBe("stopped");
  expect(await kept.get("x", undefined, async () => 7)).toBe(7);
});

test("a failure is not kept, and only so much runs at a time", async () => {
  const kept = make();
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    return 1;
  };
  await Promise.all(["a", "b", "c"].map((key) => kept.get(key, undefined, work)));
  expect(most).toBe(1);
  const fail = () => Promise.reject(new Error("no"));
  expect(await kept.get("d", undefined, fail).catch((error) => error.message)).toBe("no");
  expect(await kept.get("d", undefined, work)).toBe(1);
});
