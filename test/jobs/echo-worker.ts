/** A worker that answers without looking at files; it ends at sources named `exit`, once or always. */
import { existsSync, writeFileSync } from "node:fs";
import type { PrepareRequest } from "../../src/schema/work.ts";

declare const self: Worker;

self.onmessage = (event: MessageEvent<"stop" | { id: number; message: PrepareRequest }>) => {
  if (event.data === "stop") return;
  const { id, message } = event.data;
  const suspectFile = message.suspect_file ?? "";
  const value = message.contents.map(({ source_hash, place, source_name }) => {
    const path = place.stagedAt;
    if (source_name !== "blind") writeFileSync(suspectFile, source_hash);
    if (source_name === "exit" || source_name === "blind") process.exit(7);
    if (source_name === "exit-once" && !existsSync(path)) {
      writeFileSync(path, "seen");
      process.exit(7);
    }
    return { ok: false, source_hash, reason: `echo ${source_name}` };
  });
  writeFileSync(suspectFile, "");
  if (message.contents.some((content) => content.source_name === "fail")) {
    self.postMessage({ id, ok: false, error: { code: "no_space", message: "disk full" } });
  } else {
    self.postMessage({ id, ok: true, value });
  }
};
