/**
 * Starts a worker thread on code that needs none of this program: in the executable a file would have no URL. It does not keep
 * the process alive.
 */
export function startInlineWorker(code: string): Worker {
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "application/javascript" })));
  worker.unref();
  return worker;
}
