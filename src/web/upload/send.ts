import type { InputState } from "../../schema/input-upload.ts";
import { failureOf, RequestFailure, request } from "../api/request.ts";
import { createSha256, type Sha256 } from "./sha256.ts";

/** What the server says of an upload that has arrived. */
export interface StagedUpload {
  upload_id: string;
  provider: string;
  dataset: string;
  task: string;
  variant: string;
  rows: number;
  /** What is to be known of it, in the server's words. */
  notices: string[];
}

/** How far an upload is: compared with what arrived before, on its way, without a connection, read by the server. */
export interface SendState {
  at: "checking" | "sending" | "waiting" | "reading";
  done: number;
  total: number;
}

export interface Sending {
  readonly id: string;
  /**
   * Sends what has not arrived, until `signal`; may be called again after that. `password` is that of its PDFs, empty without.
   * Throws `RequestFailure`, `OtherFile`.
   */
  run(
    { parameters, password }: { parameters: URLSearchParams; password: string },
    signal: AbortSignal,
    onState: (state: SendState) => void,
  ): Promise<StagedUpload>;
}

/** What arrived before is not the beginning of this file. */
export class OtherFile extends Error {}

const PART_BYTES = 8 << 20;
const READ_BYTES = 1 << 20;
const MAX_WAIT_MS = 20_000;

/** One file, sent in parts: what arrived stays at the server, whatever happens to the connection, this tab, or the server. */
export function createSending(body: Blob, files: number, id = createUploadId()): Sending {
  const url = `/uploads/${id}/input`;
  const hash = createFileHash(body);
  let isKnown = false;
  return {
    id,
    run: async ({ parameters, password }, signal, onState) => {
      const total = body.size;
      const tell = (at: SendState["at"], done: number) => onState({ at, done, total });
      const begin = () => {
        const query = new URLSearchParams(parameters);
        query.set("bytes", String(total));
        query.set("files", String(files));
        return request<InputState>(`${url}?${query}`, { method: "POST", signal });
      };
      /** Waits where the server cannot be reached, longer each time. */
      const patiently = async <T>(work: () => Promise<T>, at: () => number): Promise<T> => {
        for (let waitMs = 500; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
          try {
            return await work();
          } catch (failure) {
            if (!isPassing(failure)) throw failure;
            tell("waiting", at());
            await pause(waitMs, signal);
          }
        }
      };
      tell(isKnown ? "sending" : "checking", 0);
      const begun = await begin();
      let at = begun.received_bytes;
      if (!isKnown && at > 0) {
        const own = await hash.upTo(at, signal, (done) => tell("checking", done));
        if (own !== begun.received_sha256) throw new OtherFile();
      }
      isKnown = true;
      while (at < total) {
        const end = Math.min(at + PART_BYTES, total);
        tell("sending", at);
        const from = at;
        const part = async () =>
          (await sendPart(url, from, body.slice(from, end), signal, (sent) => tell("sending", from + sent)))
            .received_bytes;
        // Without an answer it is not known how much of the part arrived.
        at = await part().catch(async (failure) => {
          if (!isPassing(failure)) throw failure;
          return (await patiently(begin, () => from)).received_bytes;
        });
        await hash.upTo(at, signal);
      }
      tell("reading", total);
      const sha256 = await hash.upTo(total, signal);
      const headers = {
        "x-sha256": sha256,
        ...(password !== "" && { "x-document-password": encodeURIComponent(password) }),
      };
      return patiently(
        () => request<StagedUpload>(`${url}/commit`, { method: "POST", headers, signal }),
        () => total,
      );
    },
  };
}

export async function discardUpload(id: string): Promise<void> {
  await request(`/uploads/${id}/input`, { method: "DELETE" });
}

/** The connection, the server, or what is between them, for a while. */
function isPassing(failure: unknown): boolean {
  if (!(failure instanceof RequestFailure)) return false;
  return failure.code === "unreachable" || [502, 503, 504].includes(failure.status);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** XHR, since fetch tells nothing of the way there. */
function sendPart(
  url: string,
  offset: number,
  part: Blob,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<InputState> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const call = new XMLHttpRequest();
    const stop = () => call.abort();
    call.open("PATCH", `${url}?offset=${offset}`);
    call.setRequestHeader("accept", "application/json");
    call.upload.onprogress = ({ loaded }) => onSent(loaded);
    call.onload = () => {
      if (call.status < 300) resolve(JSON.parse(call.responseText));
      else reject(failureOf(call.status, call.responseText));
    };
    call.onerror = () => reject(new RequestFailure(0, "unreachable", ""));
    call.onabort = () => reject(new DOMException("stopped", "AbortError"));
    call.onloadend = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
    call.send(part);
  });
}

/** The digest of a file from its beginning on; goes forward only, and remembers where it is. */
function createFileHash(body: Blob) {
  const hash: Sha256 = createSha256();
  let at = 0;
  return {
    upTo: async (end: number, signal: AbortSignal, onDone: (bytes: number) => void = () => {}) => {
      while (at < end) {
        signal.throwIfAborted();
        const next = Math.min(at + READ_BYTES, end);
        hash.update(new Uint8Array(await body.slice(at, next).arrayBuffer()));
        at = next;
        onDone(at);
      }
      return hash.digest();
    },
  };
}

/** `randomUUID` is for https and localhost alone. */
function createUploadId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `u${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
