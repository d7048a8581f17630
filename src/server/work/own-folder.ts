import { join } from "node:path";
import type { Settings } from "../../config.ts";
import type { Lake } from "../../lake/lake.ts";

/** A folder in scratch of the server of a lake. One server holds a lake: what its predecessor left there is its own. */
export function ownFolder({ lake, settings }: { lake: Lake; settings: Settings }, name: string): string {
  return join(settings.scratchFolder, `${name}-${Bun.hash(lake.root).toString(16)}`);
}
