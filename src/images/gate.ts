/**
 * Lets decodes of several threads share the memory that they may take. What libvips says of an error stands in one
 * place for the whole process, so a decode that failed is asked for its reason while no other one runs.
 */
export interface DecodeGate {
  /** Runs a decode that takes about `bytes` of memory, when they are free; alone where that is all there is. */
  run<T>(bytes: number, work: () => Promise<T>): Promise<T>;
  /** Runs a decode while no other one runs. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** For one thread that decodes one image at a time. */
export const OPEN_GATE: DecodeGate = { run: (_, work) => work(), alone: (work) => work() };
