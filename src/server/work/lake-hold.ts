import { isReadOnly } from "../../lake/files.ts";
import { acquireLease, type Lease } from "../../lake/lease.ts";
import type { Logger } from "../../log.ts";

/** A server's hold on its lake: while the lake's file system is read-only, it answers questions and does no work. */
export interface LakeHold {
  isWritable(): boolean;
  /** Of the lease; undefined before it was taken. */
  leaseId(): string | undefined;
  /** Checks the lease file. Throws `locked` if another process may hold it. */
  confirm(): Promise<void>;
  /** Fires when another may work on the lake. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface HoldOptions {
  /** Of the lease. */
  path: string;
  purpose: string;
  logger: Logger;
  /** Is called whenever the lake has become writable or read-only, not for how it is at first. */
  onChange(isWritable: boolean): void;
  /** How often a lake that was read-only from the start is tried again. */
  retryMs?: number;
}

const RETRY_MS = 5000;

/**
 * Acquires the lease of a lake, at once or as soon as the lake is writable. Throws `locked` while another holds it.
 */
export async function holdLake({
  path,
  purpose,
  logger,
  onChange,
  retryMs = RETRY_MS,
}: HoldOptions): Promise<LakeHold> {
  const lost = new AbortController();
  let isWritable = false;
  let lease: Lease | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let released = false;
  const change = (now: boolean) => {
    isWritable = now;
    if (now) logger.info("the lake is writable again: resuming work", {});
    else logger.warn("the lake is read-only: answering queries only", {});
    onChange(now);
  };
  const take = async () => {
    lease = await acquireLease(path, { purpose, onWritable: change });
    if (lease.lost.aborted) lost.abort();
    lease.lost.addEventListener("abort", () => lost.abort(), { once: true });
  };
  const retry = async () => {
    try {
      await take();
    } catch (error) {
      if (isReadOnly(error)) timer = setTimeout(() => void retry(), retryMs);
      else {
        logger.error("the lake cannot be acquired", { error });
        lost.abort();
      }
      return;
    }
    if (released) await lease?.release();
    else change(true);
  };
  try {
    await take();
    isWritable = true;
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    logger.warn("the lake is read-only: answering queries only", {});
    timer = setTimeout(() => void retry(), retryMs);
  }
  return {
    isWritable: () => isWritable,
    leaseId: () => lease?.holder.id,
    confirm: async () => lease?.confirm(),
    lost: lost.signal,
    release: async () => {
      released = true;
      clearTimeout(timer);
      await lease?.release();
    },
  };
}
