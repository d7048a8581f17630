import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { sendToBackground } from "../../src/util/background.ts";

test.skipIf(process.platform !== "linux")(
  "a process in the background has a lower priority, its session too",
  async () => {
    const child = Bun.spawn(["sleep", "60"], { detached: true });
    try {
      sendToBackground(child.pid);
      const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
      expect(Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16])).toBe(5);
      const group = await readFile(`/proc/${child.pid}/autogroup`, "utf8").catch(() => "");
      if (group !== "") expect(group.trim()).toEndWith("nice 5");
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
    expect(() => sendToBackground(child.pid)).not.toThrow();
  },
);
