import { expect, setDefaultTimeout, test } from "bun:test";
import { ROLES, tryApi, withApi } from "./api.ts";

setDefaultTimeout(900_000);

const options = { seed: 1, minutes: 10, examples: 4, say: () => {} };

test("every answer is a declared one, to each role", () =>
  withApi(async (api) => {
    for (const role of ROLES) {
      const phases = role === "admin" ? (["coverage"] as const) : (["fuzzing"] as const);
      expect(await tryApi(api, role, { ...options, phases })).toEqual([]);
    }
  }));

test("an answer that is not declared is found out", () =>
  withApi(async (api) => {
    const found = await tryApi(api, "reader", {
      ...options,
      phases: ["fuzzing"],
      describe: ({ paths }) => {
        for (const path of Object.keys(paths)) if (path !== "/partitions") delete paths[path];
        delete paths["/partitions"]?.get?.responses?.["200"];
      },
    });
    expect(found.join("\n")).toContain("Response violates schema");
  }));
