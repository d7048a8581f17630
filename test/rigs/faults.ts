import type { Rig } from "./rig.ts";

const FILES = ["test/jobs/kill.test.ts", "test/jobs/disk-fault.test.ts", "test/catalog/readers.test.ts"];

export const faultsRig: Rig = {
  summary:
    "kills and disk errors at every call, of which tests try a sample, and many readers beside a publisher",
  run: async () => {
    const command = [process.execPath, "test", "--timeout", "600000", ...FILES];
    const child = Bun.spawn(command, {
      env: { ...process.env, DATALAKE_TEST_LONG: "1" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    return (await child.exited) === 0 ? [] : ["a test failed; it is named above"];
  },
};
