/**
 * A worker in which a native library crashes on some inputs: a content whose source name says `exit` ends the thread,
 * one that says `kill` the whole process. Everything else is done by the real handler.
 */
import { writeFileSync } from "node:fs";
import { type GatePlace, handleWorkerMessage } from "../../src/jobs/worker-handlers.ts";
import type { PreparedContent, PrepareRequest } from "../../src/schema/work.ts";

declare const self: Worker;

self.onmessage = async (
  event: MessageEvent<"stop" | { id: number; message: PrepareRequest; place: GatePlace }>,
) => {
  if (event.data === "stop") return;
  const { id, message, place } = event.data;
  try {
    const value: PreparedContent[] = [];
    for (const content of message.contents) {
      if (message.suspect_file) writeFileSync(message.suspect_file, content.source_hash);
      if (content.source_name?.includes("exit")) process.exit(3);
      if (content.source_name?.includes("kill")) process.kill(process.pid, "SIGKILL");
      value.push(...(await handleWorkerMessage({ ...message, contents: [content] }, place)));
    }
    if (message.suspect_file) writeFileSync(message.suspect_file, "");
    self.postMessage({ id, ok: true, value });
  } catch (error) {
    self.postMessage({ id, ok: false, error: { code: "internal", message: String(error) } });
  }
};
