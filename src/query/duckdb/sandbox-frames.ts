import type { ErrorDocument } from "../../errors.ts";
import type { Column } from "../../schema/columns.ts";

/** What the parent asks of the process that runs one statement. */
export interface SandboxRequest {
  catalogPath: string;
  /** A folder of this machine; nothing is left in it. */
  scratch: string;
  text: string;
  timeoutMs: number;
  memory: string;
  maxRows: number;
  maxBytes: number;
  threads: number;
}

/** What comes back: the columns, batches, then the end or an error. */
export type SandboxFrame =
  | { kind: "columns"; columns: Column[]; generation: number }
  /** An Arrow IPC stream of its own: schema and one batch. */
  | { kind: "batch"; bytes: Uint8Array }
  | { kind: "end"; engineMs: number }
  | { kind: "error"; error: ErrorDocument["error"] };

const KINDS = ["columns", "batch", "end", "error"] as const;
/** One byte that says the kind, four of the length of what follows, little-endian. */
const HEAD_BYTES = 5;

/** A frame as the pieces to write, one behind the other; a batch is given in pieces too. */
export function encodeFrame(
  frame: Exclude<SandboxFrame, { kind: "batch" }> | { kind: "batch"; pieces: readonly Uint8Array[] },
): Uint8Array[] {
  const body = frame.kind === "batch" ? frame.pieces : [encodeJson(frame)];
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = KINDS.indexOf(frame.kind);
  new DataView(head.buffer).setUint32(
    1,
    body.reduce((sum, piece) => sum + piece.byteLength, 0),
    true,
  );
  return [head, ...body];
}

function encodeJson({ kind: _, ...content }: { kind: string }): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(content));
}

/** The frames of a byte stream. A frame's bytes are its own and begin aligned; a torn frame at the end is left out. */
export async function* readFrames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<SandboxFrame> {
  let target = new Uint8Array(HEAD_BYTES);
  let filled = 0;
  let kind: SandboxFrame["kind"] | undefined;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.byteLength; ) {
      const take = Math.min(target.byteLength - filled, chunk.byteLength - at);
      target.set(chunk.subarray(at, at + take), filled);
      filled += take;
      at += take;
      if (filled < target.byteLength) continue;
      if (kind === undefined) {
        kind = KINDS[target[0] as number] as SandboxFrame["kind"];
        target = new Uint8Array(new DataView(target.buffer).getUint32(1, true));
      } else {
        yield decodeFrame(kind, target);
        kind = undefined;
        target = new Uint8Array(HEAD_BYTES);
      }
      filled = 0;
    }
  }
}

function decodeFrame(kind: SandboxFrame["kind"], bytes: Uint8Array): SandboxFrame {
  if (kind === "batch") return { kind, bytes };
  return { kind, ...JSON.parse(new TextDecoder().decode(bytes)) };
}
