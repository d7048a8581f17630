const KEEP_ALIVE_MS = 10_000;
/** A client that reads nothing for this long is gone. */
const STALL_MS = 60_000;
/** How often it is asked whether the reader is still known. */
const KNOWN_MS = 2000;

export interface EventOptions {
  /** Ends the connection. */
  cutOff(): void;
  /** Whether the reader is still known: a session or token may end, and the stream with it, by the event `ended`. */
  isKnown(): boolean;
  stallMs?: number;
}

/** What events are given to. */
export interface EventSink {
  /** For a slow reader only the newest of each name is kept. */
  send(name: string, data: unknown): void;
  /** The last event; nothing is sent after it. */
  end(name: string, data: unknown): void;
}

/**
 * Server-sent events (`text/event-stream`). `begin` is called once and gives what releases its sources, which is called when
 * the stream ends or its reader has gone. A reader that takes nothing is cut off.
 */
export function streamEvents(
  begin: (sink: EventSink) => () => void,
  { cutOff, isKnown, stallMs = STALL_MS }: EventOptions,
): Response {
  const encoder = new TextEncoder();
  const waiting = new Map<string, string>();
  let ended = false;
  let wake = () => {};
  let stalled: ReturnType<typeof setTimeout> | undefined;
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  let knowing: ReturnType<typeof setInterval> | undefined;
  let release = () => {};
  let isReleased = false;
  const stop = () => {
    clearTimeout(stalled);
    clearInterval(keepAlive);
    clearInterval(knowing);
    if (!isReleased) release();
    isReleased = true;
  };
  const offer = (name: string, text: string) => {
    if (ended) return;
    waiting.delete(name); // the newest comes last
    waiting.set(name, text);
    wake();
  };
  const sink: EventSink = {
    send: (name, data) => offer(name, event(name, data)),
    end: (name, data) => {
      waiting.clear();
      offer(name, event(name, data));
      ended = true;
      stop();
    },
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: () => {
        keepAlive = setInterval(() => {
          if (waiting.size === 0) offer("", ": still here\n\n");
        }, KEEP_ALIVE_MS);
        knowing = setInterval(() => {
          if (!isKnown()) sink.end("ended", {});
        }, KNOWN_MS);
        release = begin(sink);
        if (ended) stop();
      },
      // Is called again when the reader has taken what was given before.
      pull: async (controller) => {
        clearTimeout(stalled);
        while (waiting.size === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        controller.enqueue(encoder.encode([...waiting.values()].join("")));
        waiting.clear();
        if (ended) return controller.close();
        stalled = setTimeout(() => {
          stop();
          controller.error(); // without an error, which the runtime would print
          cutOff();
        }, stallMs);
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
