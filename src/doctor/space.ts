import { mkdir, stat, statfs } from "node:fs/promises";
import { isMissing } from "../lake/files.ts";
import { formatBytes } from "../util/format.ts";
import type { Check, Finding } from "./check.ts";

/** Below this free space a job may fail. */
const FULL_BYTES = 1_000_000_000;
const LOW_SHARE = 0.05;

/** Free space on the file systems of the lake and of the scratch folder. */
export const spaceCheck: Check = {
  name: "space",
  run: async ({ lake, settings }) => {
    await mkdir(settings.scratchFolder, { recursive: true });
    const needed = 2 * (await sizeOf(lake.layout.catalogFile));
    const findings: Finding[] = [];
    const said: string[] = [];
    for (const { what, path, leastBytes } of [
      { what: "the lake", path: lake.root, leastBytes: FULL_BYTES },
      { what: "scratch", path: settings.scratchFolder, leastBytes: Math.max(FULL_BYTES / 4, needed) },
    ]) {
      const { bavail, bsize, blocks } = await statfs(path);
      const freeBytes = bavail * bsize;
      const share = blocks === 0 ? 1 : bavail / blocks;
      said.push(`${formatBytes(freeBytes)} free on ${what}`);
      if (freeBytes >= leastBytes && share >= LOW_SHARE) continue;
      findings.push({
        status: freeBytes < leastBytes ? "problem" : "warning",
        message: `only ${formatBytes(freeBytes)} (${(share * 100).toFixed(1)} %) free on ${what}, ${path}`,
        advice:
          what === "scratch"
            ? `free some, or set \`scratch\` to a local disk with room for two catalogs (${formatBytes(needed)})`
            : "free some, or move the lake to a larger disk",
        details: { path, free_bytes: freeBytes, needed_bytes: leastBytes },
      });
    }
    return findings.length > 0 ? findings : said.join(", ");
  },
};

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
