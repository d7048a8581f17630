/** What the thread of levels is told. */
export type LevelOrder = { id: number; blob: Blob; smallest: number } | { id: number; stop: true };
/** What it answers: each level, then that there are no more. */
export interface LevelAnswer {
  id: number;
  level?: ImageBitmap;
}

/** Where the build has put levels-worker.ts. */
declare const LEVELS_WORKER: string;

let worker: Worker | undefined;
let lastId = 0;
const takers = new Map<number, (level: ImageBitmap) => void>();

/**
 * Makes smaller ones of an image, each half as wide as the one before and `smallest` px at least; the largest first, on
 * a thread of their own. They are the caller's to close. None come where the browser refuses the thread.
 */
export function makeLevels(
  blob: Blob,
  smallest: number,
  { signal, take }: { signal: AbortSignal; take(level: ImageBitmap): void },
): void {
  worker ??= openWorker();
  const [id, thread] = [++lastId, worker];
  const send = (order: LevelOrder) => thread.postMessage(order);
  takers.set(id, take);
  send({ id, blob, smallest });
  signal.addEventListener("abort", () => takers.has(id) && send({ id, stop: true }));
}

function openWorker(): Worker {
  const opened = new Worker(trusted(LEVELS_WORKER));
  opened.addEventListener("message", ({ data: { id, level } }: MessageEvent<LevelAnswer>) => {
    const take = takers.get(id);
    if (level === undefined) takers.delete(id);
    else if (take) take(level);
    else level.close();
  });
  return opened;
}

/** What the page's policy asks for where a browser knows of it: this address is the page's own. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as typeof globalThis & { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy("levels", { createScriptURL: (url) => url });
  return policy ? policy.createScriptURL(url) : url;
}

interface TrustedTypes {
  createPolicy(name: string, rules: Policy): Policy;
}
interface Policy {
  /** What browsers give is no string, but is taken where one is. */
  createScriptURL(url: string): string;
}
