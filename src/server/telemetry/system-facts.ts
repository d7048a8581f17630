import { statfs } from "node:fs/promises";
import { catalogInfo } from "../../catalog/info.ts";
import type { Settings } from "../../config.ts";
import { toAppError } from "../../errors.ts";
import type { Lake } from "../../lake/lake.ts";
import { countUploads, type UploadState } from "../../lake/staged-entries.ts";
import { identifyCatalog } from "../../query/duckdb/catalog-file.ts";
import type { CatalogInfo } from "../../schema/catalog-documents.ts";

export interface CatalogFacts {
  generation: number;
  rows: number;
  partitions: number;
  built_at: string;
  bytes: number;
  left_out: CatalogInfo["left_out"];
}

export interface DiskFacts {
  free_bytes: number;
  total_bytes: number;
}

/** What monitors ask for again and again, at the price of a few system calls: no walk over the lake, no open file. */
export interface SystemFacts {
  uploads(): Promise<Record<UploadState, number>>;
  /** Of the published catalog, read once for each that is published; undefined without one. */
  catalog(): Promise<CatalogFacts | undefined>;
  /** Of the file system that holds the lake; undefined while it does not answer. */
  disk(): Promise<DiskFacts | undefined>;
}

const FRESH_MS = 2000;
const LAGGING_MS = 5000;
/** A file server that is away must not hold up the monitor that should tell. */
const PATIENCE_MS = 2000;

export function createSystemFacts({ lake, settings }: { lake: Lake; settings: Settings }): SystemFacts {
  let known: { identity: string; facts: Promise<CatalogFacts>; untilMs: number } | undefined;
  return {
    uploads: recent(() => countUploads(lake), 0),
    catalog: recent(async () => {
      const identity = await identifyCatalog(lake.layout.catalogFile).catch((error) => {
        if (toAppError(error).code !== "not_found") throw error;
      });
      if (identity === undefined) return undefined;
      if (known?.identity !== identity || performance.now() > known.untilMs) {
        const facts = catalogInfo({ lake, settings });
        // On a mount that may lag, equal facts do not prove that a file is the same.
        const trustMs = (await lake.view.mayLag(lake.root)) ? LAGGING_MS : Number.POSITIVE_INFINITY;
        known = { identity, facts, untilMs: performance.now() + trustMs };
        facts.catch(() => {
          known = undefined; // replaced under our hands, or broken: the next look may know more
        });
      }
      return known.facts.catch(() => undefined);
    }, FRESH_MS),
    disk: recent(async () => {
      const asked = statfs(lake.root).then(
        ({ bsize, bavail, blocks }) => ({ free_bytes: bsize * bavail, total_bytes: bsize * blocks }),
        () => undefined,
      );
      return Promise.race([asked, Bun.sleep(PATIENCE_MS).then(() => undefined)]);
    }, FRESH_MS),
  };
}

/** Asks again only when the last answer is older than `freshMs`; those who ask meanwhile share it. */
function recent<T>(ask: () => Promise<T>, freshMs: number): () => Promise<T> {
  let last: { answer: Promise<T>; untilMs: number } | undefined;
  return () => {
    if (last !== undefined && performance.now() < last.untilMs) return last.answer;
    const asked = { answer: ask(), untilMs: Number.POSITIVE_INFINITY };
    last = asked;
    const settle = (keepMs: number) => {
      asked.untilMs = performance.now() + keepMs;
    };
    asked.answer.then(
      () => settle(freshMs),
      () => settle(0),
    );
    return asked.answer;
  };
}
