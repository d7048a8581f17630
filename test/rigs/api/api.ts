import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeImage, makeWorld, runProgram, stageUpload, type World } from "../../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../../server/server-kit.ts";
import type { Rig, RigOptions } from "../rig.ts";

const PROGRAM = resolve(import.meta.dir, "../../../.venv/schemathesis/bin/st");

export const ROLES = ["reader", "curator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export const apiRig: Rig = {
  summary: "sends what /openapi.json allows and what it does not, as each role, and checks every answer",
  run: async (options) => {
    const found: string[] = [];
    for (const role of ROLES) {
      const faults = await withApi((api) =>
        tryApi(api, role, {
          ...options,
          minutes: options.minutes / ROLES.length,
          examples: 200,
          phases: ["coverage", "fuzzing"],
        }),
      );
      found.push(...faults);
    }
    return found;
  },
};

export interface Api {
  world: World;
  server: ServeProcess;
  tokens: Record<Role, string>;
}

/** A server over a lake with a few rows, with a token of each role. */
export async function withApi<T>(use: (api: Api) => Promise<T>): Promise<T> {
  const world = await makeWorld();
  const images = await Promise.all([0, 1, 2].map((seed) => makeImage(seed)));
  await stageUpload(
    world,
    images.map((image, at) => ({ text: `글 ${at}`, name: `${at}.jpg`, image })),
  );
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  const tokens: Partial<Record<Role, string>> = {};
  for (const role of ROLES) {
    const { stdout, stderr } = await runProgram(world, ["token", "create", role, "--role", role, "--json"]);
    if (stdout === "") throw new Error(stderr);
    tokens[role] = JSON.parse(stdout).token;
  }
  const server = await startServe(world);
  try {
    return await use({ world, server, tokens: tokens as Record<Role, string> });
  } finally {
    await server.stop("SIGKILL");
    await rm(world.folder, { recursive: true, force: true });
  }
}

export interface ApiOptions extends RigOptions {
  /** Requests for each operation, about, where they are made up. */
  examples: number;
  /** `coverage` are edges of every parameter, hundreds of requests; `fuzzing` are made up. */
  phases: readonly ("coverage" | "fuzzing")[];
  /** Changes the description before it is believed; the tests doctor it. */
  describe?: (document: OpenApi) => void;
}

export interface OpenApi {
  paths: Record<string, Record<string, { responses?: Record<string, unknown> }>>;
}

/** Whole answers only: a stream of events does not end. */
const CHECKS =
  "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
const CALL_SECONDS = 60;
/** 503 is the declared answer of a full queue, which hundreds of requests fill. */
const SETTINGS = `[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "503"]
`;

/** Lets Schemathesis call every operation with one role's token; gives its report, cut to what it complains of. */
export async function tryApi(api: Api, role: Role, options: ApiOptions): Promise<string[]> {
  if (!existsSync(PROGRAM))
    throw new Error("Schemathesis is missing; make its environment with .ci/python-environments");
  const folder = await mkdtemp(join(tmpdir(), "datalake-api-"));
  const { url } = api.server;
  const headers = { authorization: `Bearer ${api.tokens[role]}` };
  const document = (await (await fetch(new URL("openapi.json", url), { headers })).json()) as OpenApi;
  options.describe?.(document);
  const path = join(folder, "openapi.json");
  await writeFile(path, JSON.stringify(document));
  await writeFile(join(folder, "schemathesis.toml"), SETTINGS);
  const child = Bun.spawn(
    [
      ...[PROGRAM, "run", path, "--url", url, "--header", `Authorization: ${headers.authorization}`],
      ...["--checks", CHECKS, "--exclude-path-regex", "/events$", "--phases", options.phases.join(",")],
      ...[
        "--max-examples",
        String(options.examples),
        "--seed",
        String(options.seed),
        "--continue-on-failure",
      ],
      ...["--request-timeout", String(CALL_SECONDS), "--max-response-time", String(CALL_SECONDS)],
      // A connection that was kept may be closed by the time it is used.
      ...["--request-retries", "3"],
      ...["--suppress-health-check", "all", "--warnings", "off", "--no-color", "--no-shrink"],
    ],
    {
      cwd: folder,
      env: { ...process.env, HOME: folder, COLUMNS: "200" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const timer = setTimeout(() => child.kill("SIGINT"), options.minutes * 60_000);
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const exit = await child.exited;
  clearTimeout(timer);
  await rm(folder, { recursive: true, force: true });
  options.say(
    `${role}: ${/\d[\d,]* generated.*|Test cases:[\s\S]*?\n\n/.exec(stdout)?.[0]?.trim() ?? "no cases"}`,
  );
  if (exit === 0) return [];
  const from = stdout.search(/=+ (ERRORS|FAILURES) =+/);
  if (from < 0 && /interrupted/i.test(stdout)) return [];
  return [`as ${role}: ${from < 0 ? stdout + stderr : stdout.slice(from)}`];
}
