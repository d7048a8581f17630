/** `datalake doctor` through a server. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rm } from "node:fs/promises";
import { createToken } from "../../src/lake/tokens.ts";
import type { CheckResult, DoctorReport } from "../../src/schema/doctor.ts";
import type { RunRecord } from "../../src/schema/operation.ts";
import { makeImage, makeWorld, runProgram, stageUpload } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { run } from "./harness.ts";

setDefaultTimeout(120_000);

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

test("an administrator is told what the server finds, which is kept with the last check of assets", async () => {
  const world = await makeWorld();
  const tokens: Record<string, string> = {};
  for (const role of ["admin", "reader"] as const) {
    const request = { name: role, role, nowMs: Date.now(), expiresMs: undefined };
    tokens[role] = (await createToken(world.tokens, request)).token;
  }
  await rm(world.lake.layout.failed, { recursive: true });
  server = await startServe(world);
  const get = async (path: string, role: string) => {
    const headers = { authorization: `Bearer ${tokens[role]}` };
    const answer = await fetch(`${server?.url}${path}`, { headers });
    return { status: answer.status, ...((await answer.json()) as { last?: RunRecord | null }) };
  };
  expect(await get("/operations/doctor/last", "admin")).toMatchObject({ last: null, running: null });
  const env = { DATALAKE_TOKEN: tokens.admin as string };
  const found = await run(["doctor", "--server", server.url, "--json"], { env });
  expect(found.exit).toBe(1);
  const checks = JSON.parse(found.stdout).checks as CheckResult[];
  expect(checks.map(({ name }) => name)).toEqual([...new Set(checks.map(({ name }) => name))]);
  expect(checks).toContainEqual(expect.objectContaining({ name: "layout", status: "problem" }));
  expect(checks).toContainEqual(expect.objectContaining({ name: "token", status: "ok" }));
  await server.stop();
  await mkdir(world.lake.layout.failed);
  await stageUpload(world, [{ text: "a", name: "a.jpg", image: await makeImage(1) }]);
  expect((await runProgram(world, ["process", "start", "--wait"])).exit).toBe(0);
  const beganMs = Date.now();
  // As cron does it, beside the server.
  const verified = await runProgram(world, ["assets", "verify", "--json"]);
  expect(verified.exit).toBe(0);
  server = await startServe(world);
  const doctor = await get("/operations/doctor/last", "admin");
  const kept = (doctor.last as RunRecord & { result: DoctorReport }).result.checks;
  expect(kept.filter(({ name }) => name !== "server")).toEqual(checks.slice(3));
  expect(await get("/operations/doctor/last", "reader")).toMatchObject({ status: 403 });
  const verify = await get("/validations/last", "reader");
  expect(verify.last).toMatchObject({
    operation: "verify",
    result: { summary: { missing: 0 }, findings: [] },
  });
  expect(Date.parse(verify.last?.finished_at ?? "")).toBeGreaterThanOrEqual(beganMs);
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
