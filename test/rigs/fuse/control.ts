/** What a test and the process of a mount tell each other, one JSON value a line. */

export interface HoldRequest {
  do: "hold";
  /** A glob over the target's path, relative to the mount. */
  target: string;
  /** How many that match go through before. */
  skip: number;
  /** Whether all that is asked afterwards waits as well, as over a network that is dead. */
  freeze: boolean;
}

/** A name that was given: by rename(2), or by link(2). */
export interface Move {
  by: "rename" | "link";
  /** Relative to the mount. */
  from: string;
  to: string;
}

export type Command = HoldRequest | { do: "release" } | { do: "tell" };

export type MountEvent =
  | { event: "mounted" }
  | { event: "failed"; message: string }
  /** The hold is set. */
  | { event: "holding" }
  /** All that was answered before "tell" has been told. */
  | { event: "told" }
  | ({ event: "held" } & Move)
  /** An fsync of a file or folder; syncfs does not reach a FUSE file system. */
  | { event: "synced"; path: string }
  /** "ok", or the code of the error. */
  | ({ event: "moved"; result: string } & Move);

/** Whole lines of what came so far, and the rest. */
export function splitLines(text: string): { lines: string[]; rest: string } {
  const lines = text.split("\n");
  const rest = lines.pop() ?? "";
  return { lines: lines.filter((line) => line !== ""), rest };
}
