/** `datalake doctor` through a server. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { createToken } from "../../src/lake/tokens.ts";
import { makeWorld } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { run } from "./harness.ts";

setDefaultTimeout(60_000);

let server: ServeProcess | undefined;
afterEach(async () => {
  await server?.stop("SIGKILL");
});

test("tells whether the server answers, takes the token, and is of this version", async () => {
  const world = await makeWorld();
  const request = { name: "kim", role: "reader" as const, nowMs: Date.now(), expiresMs: undefined };
  const { token } = await createToken(world.tokens, request);
  server = await startServe(world);
  const there = ["doctor", "--server", server.url];
  const without = await run([...there, "--json"]);
  expect(without.exit).toBe(1);
  expect(JSON.parse(without.stdout).checks).toMatchObject([
    { name: "server", status: "problem", details: { code: "unauthorized" } },
  ]);
  const fine = await run([...there, "--json"], { env: { DATALAKE_TOKEN: token } });
  expect(fine.exit).toBe(0);
  expect(JSON.parse(fine.stdout).checks).toMatchObject([
    { name: "server", status: "ok" },
    { name: "token", status: "ok" },
    { name: "version", status: "warning" }, // the harness has a version of its own
    { name: "mount", status: "ok", details: { unsuited: null, tried: { rename_over_open: "safe" } } },
    { name: "uploads", status: "ok" },
  ]);
  const dead = await run(["doctor", "--server", "http://127.0.0.1:9"]);
  expect(dead.exit).toBe(1);
  expect(dead.stdout).toContain("cannot reach the server");
});

test("commands that need the folder say so", async () => {
  for (const argv of [
    ["token", "list"],
    ["sync", "status", "--to", "trino"],
  ]) {
    const url = "http://127.0.0.1:9";
    for (const { exit, stderr } of [
      await run([...argv, "--server", url]),
      await run(argv, { env: { DATALAKE_SERVER: url } }),
    ]) {
      expect({ argv, exit }).toEqual({ argv, exit: 2 });
      expect(stderr).toContain("works only on the lake's folder");
    }
  }
});
