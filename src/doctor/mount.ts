import { mountDocument } from "../lake/mount-check.ts";
import { nameMount, UNSUITED_ADVICE } from "../lake/mount-words.ts";
import type { Check } from "./check.ts";

/** Checks that the mount can hold a lake, and reports its limits. */
export const mountCheck: Check = {
  name: "mount",
  run: async ({ mount: report }) => {
    const { mount, unsuited, facts, says } = report;
    const name = nameMount(mount);
    const details = { ...mountDocument(report), source: mount.source ?? null };
    if (unsuited !== undefined) {
      const message = `${name} cannot hold a lake: ${unsuited}`;
      return [{ status: "problem", message, advice: UNSUITED_ADVICE, details }];
    }
    if (facts === undefined) {
      return { message: `${name}; not writable for you, so that nothing was tested`, details };
    }
    if (!facts.fsync) {
      const advice = "check the options of the mount and the disk behind it";
      return [{ status: "warning", message: `${name}: ${says.join("; ")}`, advice, details }];
    }
    return {
      message:
        says.length === 0
          ? `${name}, which supports everything that a lake needs`
          : `${name}: ${says.join("; ")}`,
      details,
    };
  },
};
