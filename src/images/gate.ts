/**
 * Lets the decodes of several threads share the memory that they may take. What libvips says of an error is in one
 * place for the whole process, so a decode that failed is asked for its reason while no other one runs.
 */
export interface DecodeGate {
  /** What all decodes together may take; one that alone takes more is refused by its caller. */
  readonly limitBytes: number;
  /** Runs a decode that takes about `bytes`, when they are free; not from within another. */
  run<T>(bytes: number, work: () => Promise<T>): Promise<T>;
  /** Runs a decode while no other one runs. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** For one thread that decodes one image at a time. */
export const OPEN_GATE: DecodeGate = {
  limitBytes: Number.POSITIVE_INFINITY,
  run: (_, work) => work(),
  alone: (work) => work(),
};

/** What threads share of a gate: a structured clone keeps it shared. */
export interface GateMemory {
  cells: SharedArrayBuffer;
  limitBytes: number;
}

/** Cells: how often something changed, which threads wait for; the last place in the queue; then two a thread. */
const CHANGES = 0;
const LAST_PLACE = 1;
const FIRST_THREAD = 2;
const UNIT_BYTES = 1024;

export function createGateMemory(threads: number, limitBytes: number): GateMemory {
  const cells = new SharedArrayBuffer((FIRST_THREAD + threads * 2) * Int32Array.BYTES_PER_ELEMENT);
  return { cells, limitBytes };
}

/**
 * The gate as one thread sees it. It blocks the thread while it waits: first come, first served, so that a large
 * image gets its turn. `forget` frees what a thread held that is no more.
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
  /** Whether this thread is the first that waits, and `units` are free. */
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
