import { failureOf, RequestFailure } from "../api/request.ts";

/** What the server says of an upload that has arrived. */
export interface StagedUpload {
  upload_id: string;
  provider: string;
  dataset: string;
  task: string;
  variant: string;
  rows: number;
}

export interface SendOptions {
  parameters: URLSearchParams;
  body: Blob;
  onSent(bytes: number): void;
  signal: AbortSignal;
}

/** Sends a whole upload; XHR, since fetch tells nothing of the way there. Throws `RequestFailure`. */
export function sendUpload({ parameters, body, onSent, signal }: SendOptions): Promise<StagedUpload> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("PUT", `/uploads/${createUploadId()}/input?${parameters}`);
    call.setRequestHeader("accept", "application/json");
    call.upload.onprogress = ({ loaded }) => onSent(loaded);
    call.onload = () => {
      if (call.status < 300) resolve(JSON.parse(call.responseText));
      else reject(failureOf(call.status, call.responseText));
    };
    call.onerror = () => reject(new RequestFailure(0, "unreachable", ""));
    call.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => call.abort());
    call.send(body);
  });
}

/** `randomUUID` is for https and localhost alone. */
function createUploadId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `u${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
