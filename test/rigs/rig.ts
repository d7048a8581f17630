export interface RigOptions {
  seed: number;
  /** How long it may go on; what was begun is ended. */
  minutes: number;
  /** Tells how far it is. */
  say(line: string): void;
}

/** A long search for faults; the same seed tries the same cases in the same order. */
export interface Rig {
  summary: string;
  /** Every fault found, one sentence each, with what shows it again. */
  run(options: RigOptions): Promise<string[]>;
}
