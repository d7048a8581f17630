import { signal } from "@preact/signals";
import { isAbort } from "../api/request.ts";
import { createSending, discardUpload, type Sending, type SendState, type StagedUpload } from "./send.ts";
import { type ZippedFile, zipFiles } from "./zip.ts";

/** What is sent, and where it goes. */
export interface UploadWish {
  files: readonly ZippedFile[];
  /** As the server's route takes them. */
  parameters: URLSearchParams;
  /** Of its PDFs; is kept nowhere. */
  password?: string;
  /** An upload that is gone on with, and the size of its file. */
  goesOn?: { id: string; bytes: number };
}

export type UploadWay =
  | { at: "packing"; done: number; total: number }
  | SendState
  | { at: "paused"; done: number; total: number }
  | { at: "refused"; why: Error }
  | { at: "done"; staged: StagedUpload };

/** The upload that this tab sends, on whatever screen one is; undefined without one. */
export const runningUpload = signal<{ name: string; way: UploadWay } | undefined>(undefined);

/** The files are not those that the upload was begun with. */
export class OtherFiles extends Error {}

let wish: UploadWish | undefined;
let sending: Sending | undefined;
let stop = new AbortController();

/** What the running upload was started with. */
export function runningWish(): UploadWish | undefined {
  return wish;
}

/** Packs and sends; after a refusal with other parameters, what arrived is not sent again. */
export function startUpload(wanted: UploadWish): void {
  if (wish?.files !== wanted.files) sending = undefined;
  wish = wanted;
  void run();
}

/** Stops sending; what arrived stays. */
export function pauseUpload(): void {
  stop.abort();
}

export function resumeUpload(): void {
  void run();
}

/** Stops, and forgets what arrived, here and at the server. */
export async function cancelUpload(): Promise<void> {
  const id = sending?.id;
  closeUpload();
  if (id !== undefined) await discardUpload(id).catch(() => {}); // it may not have begun; else it is listed
}

/** Leaves it as it is. */
export function closeUpload(): void {
  stop.abort();
  [wish, sending] = [undefined, undefined];
  runningUpload.value = undefined;
}

async function run(): Promise<void> {
  if (wish === undefined) return;
  const { files, parameters, password = "", goesOn } = wish;
  const controller = new AbortController();
  stop = controller;
  const name = parameters.get("name") ?? "";
  const show = (way: UploadWay) => {
    if (stop === controller && !controller.signal.aborted) runningUpload.value = { name, way };
  };
  let progress = { done: 0, total: 0 };
  const onState = (state: SendState) => {
    progress = { done: state.done, total: state.total };
    show(state);
  };
  try {
    if (sending === undefined) {
      const pack = (done: number) => show({ at: "packing", done, total: files.length });
      const body = await bodyOf(files, pack, controller.signal);
      controller.signal.throwIfAborted();
      if (goesOn !== undefined && goesOn.bytes !== body.size) throw new OtherFiles();
      sending = createSending(body, files.length, goesOn?.id);
    }
    show({ at: "done", staged: await sending.run({ parameters, password }, controller.signal, onState) });
  } catch (error) {
    if (stop !== controller || wish === undefined) return;
    const isPause = isAbort(error) || controller.signal.aborted;
    runningUpload.value = {
      name,
      way: isPause ? { at: "paused", ...progress } : { at: "refused", why: error as Error },
    };
  }
}

async function bodyOf(
  files: readonly ZippedFile[],
  pack: (done: number) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const [first] = files;
  if (files.length === 1 && first !== undefined) return first.content;
  pack(0);
  return zipFiles(files, pack, signal);
}
