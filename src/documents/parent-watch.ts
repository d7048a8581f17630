import { startInlineWorker } from "../util/inline-worker.ts";

const LOOK_MS = 500;

/**
 * Ends this process when its parent has gone: whatever the main thread hangs in, for there is nobody left to kill it. Who loses
 * its parent is given another one.
 */
export function endWithParent(): void {
  startInlineWorker(`
    const end = () => process.kill(process.pid, "SIGKILL");
    setInterval(() => process.ppid === ${process.ppid} || end(), ${LOOK_MS});
  `);
}
