/**
 * Shares a memory budget between the decodes of several threads. libvips keeps one error log per process, so
 * a failed decode is repeated alone to learn its reason.
 */
export interface DecodeGate {
  /** Budget of all decodes together. Callers reject a single decode that needs more. */
  readonly limitBytes: number;
  /** Runs a decode of about `bytes` once they are free. Not reentrant. */
  run<T>(bytes: number, work: () => Promise<T>): Promise<T>;
  /** Runs a decode while no other runs. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** For a single thread that decodes one image at a time. */
export const OPEN_GATE: DecodeGate = {
  limitBytes: Number.POSITIVE_INFINITY,
  run: (_, work) => work(),
  alone: (work) => work(),
};

/** Memory shared by the threads of a gate; a structured clone stays shared. */
export interface GateMemory {
  cells: SharedArrayBuffer;
  limitBytes: number;
}

/** Cells: change counter on which threads wait; last place in the queue; then two per thread. */
const CHANGES = 0;
const LAST_PLACE = 1;
const FIRST_THREAD = 2;
const UNIT_BYTES = 1024;

export function createGateMemory(threads: number, limitBytes: number): GateMemory {
  const cells = new SharedArrayBuffer((FIRST_THREAD + threads * 2) * Int32Array.BYTES_PER_ELEMENT);
  return { cells, limitBytes };
}

/**
 * One thread's view of the gate. Blocks the thread while waiting, first come, first served, so that large
 * images are not starved. `forget` releases what a dead thread held.
 */
export function openGate(memory: GateMemory, thread: number): DecodeGate & { forget(): void } {
  const cells = new Int32Array(memory.cells);
  const limit = Math.min(Math.floor(memory.limitBytes / UNIT_BYTES), 0x7fffffff);
  const held = FIRST_THREAD + thread * 2;
  const place = held + 1;

  const changed = () => {
    Atomics.add(cells, CHANGES, 1);
    Atomics.notify(cells, CHANGES);
  };
  /** Whether this thread is first in the queue and `units` are free. */
  const mayEnter = (units: number): boolean => {
    let taken = 0;
    const mine = Atomics.load(cells, place);
    for (let at = FIRST_THREAD; at < cells.length; at += 2) {
      taken += Atomics.load(cells, at);
      const theirs = Atomics.load(cells, at + 1);
      if (theirs !== 0 && theirs < mine) return false;
    }
    return taken === 0 || taken + units <= limit;
  };
  const enter = (units: number) => {
    Atomics.store(cells, place, Atomics.add(cells, LAST_PLACE, 1) + 1);
    for (;;) {
      const seen = Atomics.load(cells, CHANGES);
      if (mayEnter(units)) break;
      Atomics.wait(cells, CHANGES, seen);
    }
    Atomics.store(cells, held, units);
    Atomics.store(cells, place, 0);
    changed();
  };
  const forget = () => {
    Atomics.store(cells, held, 0);
    Atomics.store(cells, place, 0);
    changed();
  };
  const within = async <T>(units: number, work: () => Promise<T>): Promise<T> => {
    enter(units);
    try {
      return await work();
    } finally {
      forget();
    }
  };
  return {
    limitBytes: memory.limitBytes,
    run: (bytes, work) => within(Math.min(limit, Math.max(1, Math.ceil(bytes / UNIT_BYTES))), work),
    alone: (work) => within(limit, work),
    forget,
  };
}
