import { expect, test } from "bun:test";

test("the worker answers each message by its id, a failure as code and message", async () => {
  const worker = new Worker(new URL("../src/worker.ts", import.meta.url));
  try {
    const answers: { id: number; ok: boolean; error: { code: string; message: string } }[] = [];
    const both = new Promise<void>((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => {
        if (answers.push(data) === 2) resolve();
      };
    });
    // At once, before the thread can have started: none may be lost.
    worker.postMessage({ id: 7, message: { type: "unknown" } });
    worker.postMessage({ id: 8, message: { type: "unknown" } });
    await both;
    answers.sort((a, b) => a.id - b.id);
    expect(answers.map(({ id, ok }) => ({ id, ok }))).toEqual([
      { id: 7, ok: false },
      { id: 8, ok: false },
    ]);
    expect(answers[0]?.error).toMatchObject({ code: "internal", message: expect.any(String) });
  } finally {
    worker.terminate();
  }
});
