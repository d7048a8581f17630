import type { BrowseDocument, BrowseRow } from "../../../schema/page-documents.ts";

/** Few, so that hardly more is waited for than is in view: each row that is far from others costs the server a look-up. */
const CHUNK_ROWS = 10;
/** One request is for so many of them at most. */
const MAX_ASKED = 24;
const MAX_CHUNKS = 300;

/** Rows by their place, fetched as they are needed; what was scrolled past is no longer fetched. */
export interface RowChunks {
  rowAt(place: number): BrowseRow | undefined;
  /** Rows that are in view, `end` exclusive. When they have come, as many that may be looked at next are fetched. */
  need(first: number, end: number): void;
  close(): void;
}

export interface RowChunkOptions {
  fetchRows(at: number, count: number, signal: AbortSignal): Promise<BrowseDocument>;
  /** Rows in view have come. */
  onRows(document: BrowseDocument): void;
  onFailure(failure: unknown): void;
  /** Runs work when what is in view has been drawn. */
  whenIdle(work: () => void): void;
}

/** Chunks by their number, `end` exclusive. */
interface Span {
  from: number;
  end: number;
}

export function createRowChunks({ fetchRows, onRows, onFailure, whenIdle }: RowChunkOptions): RowChunks {
  const chunks = new Map<number, BrowseRow[]>();
  const running = new Map<Span, AbortController>();
  let view: Span = { from: 0, end: 0 };
  let isBack = false;
  let chunkCount = Number.POSITIVE_INFINITY;
  let isClosed = false;
  const isInView = (span: Span) => meet(span, view);
  const keep = ({ from, end }: Span, rows: readonly BrowseRow[]) => {
    for (let chunk = from; chunk < end; chunk++) {
      const start = (chunk - from) * CHUNK_ROWS;
      chunks.set(chunk, rows.slice(start, start + CHUNK_ROWS));
    }
    for (const oldest of chunks.keys()) {
      if (chunks.size <= MAX_CHUNKS) break;
      chunks.delete(oldest);
    }
  };
  const load = async (span: Span) => {
    const controller = new AbortController();
    const { signal } = controller;
    running.set(span, controller);
    try {
      const count = (span.end - span.from) * CHUNK_ROWS;
      const document = await fetchRows(span.from * CHUNK_ROWS, count, signal);
      if (signal.aborted) return;
      chunkCount = Math.ceil(document.total / CHUNK_ROWS);
      keep(span, document.rows);
      if (isInView(span)) onRows(document);
    } catch (failure) {
      // Of rows out of view nobody asked; when they are needed, they are asked for again.
      if (!signal.aborted && isInView(span)) onFailure(failure);
      return;
    } finally {
      running.delete(span);
    }
    whenIdle(goAhead);
  };
  const goAhead = () => {
    const edge = isBack ? view.from - 1 : view.end;
    if (!isClosed && running.size === 0 && !chunks.has(edge)) ask(nextTo(view, isBack));
  };
  const ask = ({ from, end }: Span) => {
    const isAsked = (chunk: number) =>
      [...running.keys()].some((one) => one.from <= chunk && chunk < one.end);
    const last = Math.min(end, chunkCount);
    for (let chunk = Math.max(0, from); chunk < last; ) {
      const start = chunk;
      while (chunk < last && chunk - start < MAX_ASKED && !chunks.has(chunk) && !isAsked(chunk)) chunk++;
      if (chunk > start) void load({ from: start, end: chunk });
      else chunk++;
    }
  };
  return {
    rowAt: (place) => chunks.get(Math.floor(place / CHUNK_ROWS))?.[place % CHUNK_ROWS],
    need: (first, end) => {
      const before = view;
      const from = Math.floor(first / CHUNK_ROWS);
      view = { from, end: Math.max(from + 1, Math.ceil(end / CHUNK_ROWS)) };
      const around = { from: nextTo(view, true).from, end: nextTo(view, false).end };
      if (view.from !== before.from) isBack = view.from < before.from && meet(before, around);
      for (const [span, controller] of running) {
        if (meet(span, around)) continue;
        controller.abort();
        running.delete(span);
      }
      ask(view);
      if (running.size === 0) whenIdle(goAhead);
    },
    close: () => {
      isClosed = true;
      for (const controller of running.values()) controller.abort();
      running.clear();
    },
  };
}

function meet(one: Span, other: Span): boolean {
  return one.from < other.end && one.end > other.from;
}

/** As much again, on the side to which the view moves. */
function nextTo({ from, end }: Span, isBack: boolean): Span {
  return isBack ? { from: 2 * from - end, end: from } : { from: end, end: 2 * end - from };
}
