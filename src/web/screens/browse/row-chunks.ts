import type { BrowseDocument, BrowseRow } from "../../../schema/page-documents.ts";

export const CHUNK_ROWS = 60;
const MAX_CHUNKS = 50;

/** Rows by their place, fetched in chunks as they are needed; what was scrolled past is no longer fetched. */
export interface RowChunks {
  rowAt(place: number): BrowseRow | undefined;
  /** Rows that are in view, `end` exclusive. */
  need(first: number, end: number): void;
  close(): void;
}

export interface RowChunkOptions {
  fetchRows(at: number, count: number, signal: AbortSignal): Promise<BrowseDocument>;
  onRows(document: BrowseDocument): void;
  onFailure(failure: unknown): void;
}

export function createRowChunks({ fetchRows, onRows, onFailure }: RowChunkOptions): RowChunks {
  const chunks = new Map<number, BrowseRow[]>();
  const running = new Map<number, AbortController>();
  const load = async (chunk: number) => {
    const controller = new AbortController();
    running.set(chunk, controller);
    try {
      const document = await fetchRows(chunk * CHUNK_ROWS, CHUNK_ROWS, controller.signal);
      if (controller.signal.aborted) return;
      chunks.set(chunk, document.rows);
      const [oldest] = chunks.keys();
      if (chunks.size > MAX_CHUNKS && oldest !== undefined) chunks.delete(oldest);
      onRows(document);
    } catch (failure) {
      if (!controller.signal.aborted) onFailure(failure);
    } finally {
      if (running.get(chunk) === controller) running.delete(chunk);
    }
  };
  return {
    rowAt: (place) => chunks.get(Math.floor(place / CHUNK_ROWS))?.[place % CHUNK_ROWS],
    need: (first, end) => {
      const from = Math.floor(first / CHUNK_ROWS);
      const last = Math.max(from, Math.ceil(end / CHUNK_ROWS) - 1);
      for (const [chunk, controller] of running) {
        if (chunk >= from && chunk <= last) continue;
        controller.abort();
        running.delete(chunk);
      }
      for (let chunk = from; chunk <= last; chunk++) {
        if (!chunks.has(chunk) && !running.has(chunk)) void load(chunk);
      }
    },
    close: () => {
      for (const controller of running.values()) controller.abort();
      running.clear();
    },
  };
}
