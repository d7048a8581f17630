import { expect, test } from "bun:test";
import { createGateMemory } from "../src/images/gate.ts";
import type { PrepareRequest } from "../src/schema/work.ts";

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

test("a worker that is told to stop ends its message between two contents", async () => {
  const worker = new Worker(new URL("../src/worker.ts", import.meta.url));
  try {
    const answer = new Promise<{ id: number; ok: boolean; error: { code: string } }>((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => resolve(data);
    });
    const place = { stagedAt: "/nowhere", staging: "/" };
    const content = { source_hash: "0".repeat(64), place, is_stored: false, source_name: null };
    const message: PrepareRequest = {
      type: "prepare",
      kind: "image",
      policy: "optimize",
      verify: "full",
      max_pixels: 1,
      max_bytes: 1,
      temp_folder: "/nowhere",
      file_mode: 0o444,
      file_group: null,
      suspect_file: null,
      contents: [content],
    };
    worker.postMessage("stop");
    worker.postMessage({ id: 1, message, place: { memory: createGateMemory(1, 1e9), thread: 0 } });
    expect(await answer).toMatchObject({ id: 1, ok: false, error: { code: "cancelled" } });
  } finally {
    worker.terminate();
  }
});
