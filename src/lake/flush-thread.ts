import { startInlineWorker } from "../util/inline-worker.ts";

/** A thread that flushes file systems: a flush may take minutes and must not block the main thread. */
export interface FlushThread {
  /** Flushes the file system of an open file; returns whether it did. */
  flush(fd: number): Promise<boolean>;
}

const CODE = `
  import { dlopen, FFIType } from "bun:ffi";
  const { syncfs } = dlopen("libc.so.6", { syncfs: { args: [FFIType.i32], returns: FFIType.i32 } }).symbols;
  self.onmessage = ({ data: [id, fd] }) => self.postMessage([id, syncfs(fd) === 0]);
`;

/** Starts the thread, which does not keep the process alive. `flush` gives false without syncfs(2). */
export function startFlushThread(): FlushThread {
  const waiting = new Map<number, (isDone: boolean) => void>();
  let nextId = 0;
  let isBroken = process.platform !== "linux";
  const worker = isBroken ? undefined : startInlineWorker(CODE);
  const answer = (id: number, isDone: boolean) => {
    waiting.get(id)?.(isDone);
    waiting.delete(id);
    if (waiting.size === 0) worker?.unref();
  };
  worker?.addEventListener("message", ({ data: [id, isDone] }) => answer(id, isDone));
  worker?.addEventListener("error", () => {
    isBroken = true;
    for (const id of [...waiting.keys()]) answer(id, false);
  });
  return {
    flush: (fd) => {
      if (isBroken || worker === undefined) return Promise.resolve(false);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const id = nextId++;
      waiting.set(id, resolve);
      worker.ref();
      worker.postMessage([id, fd]);
      return promise;
    },
  };
}
