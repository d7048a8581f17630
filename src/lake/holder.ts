import type { Lake } from "./lake.ts";
import { inspectLease } from "./lease.ts";

const PREFIX = "datalake serve at ";

/** Purpose text in a server's lease, parsed by `findHolder`. */
export function serverPurpose(url: string): string {
  return `${PREFIX}${url}`;
}

export interface LakeHolder {
  id: string;
  /**
   * The stated address, which anyone with write access to staging may have forged. Undefined for a command.
   */
  url: string | undefined;
  purpose: string;
  host: string;
  pid: number;
  /** It claims to be a process of this machine. */
  isHere: boolean;
}

/** The process that works on a lake, from its lease; undefined if there is none. */
export async function findHolder(lake: Lake): Promise<LakeHolder | undefined> {
  const held = await inspectLease(lake.layout.processLease);
  if (!held?.alive) return undefined;
  const { id, purpose, host, pid } = held.holder;
  const url = purpose.startsWith(PREFIX) ? purpose.slice(PREFIX.length) : undefined;
  return { id, url, purpose, host, pid, isHere: held.isHere };
}
