import { expect, test } from "bun:test";
import { createGateMemory, openGate } from "../../src/images/gate.ts";

/** A thread that enters a gate three times, and counts how many bytes and threads are inside meanwhile. */
const WORKER = `
  import { openGate } from ${JSON.stringify(new URL("../../src/images/gate.ts", import.meta.url).href)};
  self.onmessage = async ({ data: { memory, thread, counts, bytes, alone } }) => {
    const gate = openGate(memory, thread);
    const cells = new Int32Array(counts);
    const work = async () => {
      const inside = Atomics.add(cells, 0, bytes) + bytes;
      const others = Atomics.add(cells, 1, 1);
      for (let most = Atomics.load(cells, 2); inside > most; most = Atomics.load(cells, 2)) {
        Atomics.compareExchange(cells, 2, most, inside);
      }
      if (alone && others > 0) Atomics.store(cells, 3, 1);
      await new Promise((resolve) => setTimeout(resolve, 3));
      if (alone && Atomics.load(cells, 1) > 1) Atomics.store(cells, 3, 1);
      Atomics.sub(cells, 1, 1);
      Atomics.sub(cells, 0, bytes);
    };
    for (let at = 0; at < 3; at++) await (alone ? gate.alone(work) : gate.run(bytes, work));
    self.postMessage("done");
  };
`;

test("threads share a limit, a large image gets its turn, and who asks to be alone is", async () => {
  const url = URL.createObjectURL(new Blob([WORKER], { type: "application/javascript" }));
  const threads = 5;
  const memory = createGateMemory(threads, 100_000);
  const counts = new SharedArrayBuffer(16);
  const workers = Array.from({ length: threads }, () => new Worker(url));
  const done = workers.map(
    (worker, thread) =>
      new Promise((resolve) => {
        worker.onmessage = resolve;
        const bytes = thread === 0 ? 90_000 : 40_000;
        worker.postMessage({ memory, thread, counts, bytes, alone: thread === 4 });
      }),
  );
  await Promise.all(done);
  for (const worker of workers) worker.terminate();
  const [left, inside, most, disturbed] = new Int32Array(counts);
  expect([left, inside, disturbed]).toEqual([0, 0, 0]);
  expect(most).toBeGreaterThanOrEqual(90_000);
  expect(most).toBeLessThanOrEqual(100_000);
});

test("what a thread that is no more held is free again", async () => {
  const memory = createGateMemory(2, 1000);
  const gone = openGate(memory, 0);
  gone.run(1000, () => new Promise(() => {})); // it never leaves
  gone.forget();
  expect(await openGate(memory, 1).run(1000, async () => "in")).toBe("in");
});
