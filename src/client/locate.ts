import type { Lake } from "../lake/lake.ts";
import { inspectLease } from "../lake/lease.ts";

const PREFIX = "datalake serve at ";

/** What a server's lease on a lake says, for people and for `findServer`. */
export function serverPurpose(url: string): string {
  return `${PREFIX}${url}`;
}

export interface LakeHolder {
  /** Where to reach it; undefined for a `process start` command. */
  url: string | undefined;
  purpose: string;
  host: string;
  pid: number;
}

/** Who works on a lake at present, from its lease; undefined when nobody does. */
export async function findHolder(lake: Lake): Promise<LakeHolder | undefined> {
  const held = await inspectLease(lake.layout.processLease);
  if (!held?.alive) return undefined;
  const { purpose, host, pid } = held.holder;
  const url = purpose.startsWith(PREFIX) ? purpose.slice(PREFIX.length) : undefined;
  return { url, purpose, host, pid };
}
