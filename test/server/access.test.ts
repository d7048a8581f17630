/** Who may do what, through a real server. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { machineName } from "../../src/lake/account.ts";
import { createToken, revokeToken } from "../../src/lake/tokens.ts";
import { ROLES, type Role } from "../../src/schema/token.ts";
import { createBudget } from "../../src/server/auth/audit.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { appWithoutLake } from "./app-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const running: ServeProcess[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop("SIGKILL");
});

async function serve(world: World, args: string[] = [], prefix: string[] = []): Promise<ServeProcess> {
  const server = await startServe(world, args, prefix);
  running.push(server);
  return server;
}

async function tokenOf(world: World, role: Role, expiresMs?: number): Promise<string> {
  const request = { name: `${role}-${crypto.randomUUID().slice(0, 8)}`, role, nowMs: Date.now(), expiresMs };
  return (await createToken(world.tokens, request)).token;
}

interface Answer {
  status: number;
  code: string | undefined;
  message: string | undefined;
  headers: Headers;
}

async function ask(url: string, path: string, init: RequestInit & { token?: string } = {}): Promise<Answer> {
  const { token, headers, ...rest } = init;
  const response = await fetch(`${url}${path}`, {
    ...rest,
    headers: { ...(headers as Record<string, string>), ...(token && { authorization: `Bearer ${token}` }) },
  });
  // Events have no end.
  const isStream = response.headers.get("content-type") === "text/event-stream";
  if (isStream) await response.body?.cancel();
  const body = (isStream ? {} : await response.json().catch(() => ({}))) as {
    error?: { code: string; message: string };
  };
  return {
    status: response.status,
    code: body.error?.code,
    message: body.error?.message,
    headers: response.headers,
  };
}

test("each role does what it is for, and no more", async () => {
  const world = await makeWorld();
  const tokens = Object.fromEntries(
    await Promise.all(ROLES.map(async (role) => [role, await tokenOf(world, role)] as const)),
  ) as Record<Role, string>;
  const { url } = await serve(world);
  const json = { "content-type": "application/json" };
  // In which role each begins to be let in; what comes behind the door is tested elsewhere.
  const requests: [Role, string, string, RequestInit?][] = [
    ["reader", "GET", "/status"],
    ["reader", "GET", "/metrics"],
    ["reader", "GET", "/partitions"],
    ["reader", "POST", "/search", { headers: json, body: "{}" }],
    ["reader", "POST", "/query", { headers: json, body: "{}" }],
    ["curator", "POST", "/validate-assets", { headers: json, body: "{}" }],
    ["curator", "DELETE", `/jobs/j${"0".repeat(32)}`],
    ["curator", "POST", `/uploads/u${"0".repeat(32)}/retry`],
    ["curator", "POST", `/uploads/u${"0".repeat(32)}/remove`],
    ["curator", "PUT", `/uploads/u${"0".repeat(32)}/files/${"0".repeat(64)}`],
    ["admin", "PUT", "/log-level", { headers: json, body: "{}" }],
    ["admin", "POST", "/config/providers"],
    ["admin", "DELETE", "/config/providers/aihub"],
    ["admin", "PATCH", "/whatever-comes"],
  ];
  for (const [wanted, method, path, init] of requests) {
    for (const role of ROLES) {
      const { code } = await ask(url, path, { method, token: tokens[role], ...init });
      const isIn = code !== "forbidden" && code !== "unauthorized";
      expect({ method, path, role, isIn }).toEqual({
        method,
        path,
        role,
        isIn: ROLES.indexOf(role) >= ROLES.indexOf(wanted),
      });
    }
    expect((await ask(url, path, { method, ...init })).code).toBe("unauthorized");
  }
  expect((await ask(url, "/health")).status).toBe(200);
});

/** Operations that change nothing in the lake. */
const OF_READERS = ["check-labels", "statistics", "compare"].flatMap((name) => [
  `POST /operations/${name}`,
  `DELETE /operations/${name}/{id}`,
]);

/** What whoever is not known yet does to be known. */
const LOGIN = ["POST /session", "DELETE /session"];

test("whatever the interface describes as a change is refused to readers and strangers", async () => {
  const world = await makeWorld();
  const [reader, curator] = [await tokenOf(world, "reader"), await tokenOf(world, "curator")];
  const { url } = await serve(world);
  const document = (await (
    await fetch(`${url}/openapi.json`, { headers: { authorization: `Bearer ${reader}` } })
  ).json()) as { paths: Record<string, object> };
  const open = ["POST /search", "POST /query", "POST /exports", "DELETE /exports/{id}"].concat(
    LOGIN,
    OF_READERS,
  );
  const changes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .map((method) => `${method.toUpperCase()} ${path}`)
      .filter((one) => !/^(GET|HEAD) /.test(one) && !open.includes(one)),
  );
  expect(changes.length).toBeGreaterThan(15);
  for (const change of changes) {
    const [method = "", pattern = ""] = change.split(" ");
    const path = pattern.replaceAll(/\{[^}]+\}/g, "x");
    const codes = [
      (await ask(url, path, { method })).code,
      (await ask(url, path, { method, token: reader })).code,
    ];
    expect({ change, codes }).toEqual({ change, codes: ["unauthorized", "forbidden"] });
    if (!/^\/(config|log-level)/.test(pattern)) continue;
    expect({ change, code: (await ask(url, path, { method, token: curator })).code }).toEqual({
      change,
      code: "forbidden",
    });
  }
});

test("what strangers try does not fill the audit log", () => {
  const take = createBudget(3);
  expect([1, 2, 3, 4, 5].map((second) => take(second * 1000))).toEqual([true, true, true, false, false]);
  expect(take(60_001)).toBe(true);
});

test("the matrix of routes and roles is what a request really gets", async () => {
  const world = await makeWorld();
  const tokens = await Promise.all(ROLES.map((role) => tokenOf(world, role)));
  const { url } = await serve(world);
  const { app, routes } = await appWithoutLake();
  const callers = [undefined, ...tokens];
  const declared: string[] = [];
  const real: string[] = [];
  for (const { method, path } of app.routes) {
    const { name, terms } = routes(method, path);
    const line = (mayAsk: boolean[]) => {
      const who = ["nobody", ...ROLES].filter((_, at) => mayAsk[at]);
      return `${method} ${name}: ${who.join(", ")}; audit ${terms.audit}, ${terms.body} body`;
    };
    declared.push(line(callers.map((_, at) => terms.role === "anybody" || at > ROLES.indexOf(terms.role))));
    const target = path.replace(/:\w+|\*/g, "x");
    const answers = await Promise.all(
      callers.map((token) => ask(url, target, { method, ...(token && { token }) })),
    );
    real.push(line(answers.map(({ status }) => status !== 401 && status !== 403)));
  }
  expect(real).toEqual(declared);
  const reading = ": reader, curator, admin; audit none, small body";
  expect(declared.filter((line) => !line.endsWith(reading)).sort()).toEqual(
    [
      ...OF_READERS.map((route) => `${route}: reader, curator, admin; audit all, small body`),
      ...["GET /", "GET /ui", "GET /ui/*"].map(
        (route) => `${route}: nobody, reader, curator, admin; audit none, small body`,
      ),
      "PUT /config/tasks/{name}: admin; audit all, small body",
      "GET /health: nobody, reader, curator, admin; audit none, small body",
      "GET /session: nobody, reader, curator, admin; audit none, small body",
      "POST /session: nobody, reader, curator, admin; audit all, small body",
      "DELETE /session: nobody, reader, curator, admin; audit all, small body",
      "DELETE /config/providers/{name}: admin; audit all, small body",
      "DELETE /config/tasks/{name}: admin; audit all, small body",
      "DELETE /exports/{id}: reader, curator, admin; audit all, small body",
      "DELETE /jobs/{id}: curator, admin; audit all, small body",
      "DELETE /operations/doctor/{id}: admin; audit all, small body",
      "GET /operations/doctor/last: admin; audit none, small body",
      "POST /operations/doctor: admin; audit all, small body",
      "DELETE /uploads/{id}/input: curator, admin; audit all, small body",
      "PATCH /uploads/{id}/input: curator, admin; audit failed, stream body",
      "POST /uploads/{id}/input/commit: curator, admin; audit all, small body",
      "POST /uploads/{id}/input: curator, admin; audit all, small body",
      "DELETE /uploads/{id}: curator, admin; audit all, small body",
      "DELETE /validations/{id}: curator, admin; audit all, small body",
      "POST /catalog/rebuild: curator, admin; audit all, small body",
      "POST /config/providers/{name}: admin; audit all, small body",
      "POST /config/tasks/{name}: admin; audit all, small body",
      "POST /exports: reader, curator, admin; audit all, small body",
      "POST /process: curator, admin; audit all, small body",
      "POST /uploads/check: curator, admin; audit all, small body",
      "POST /uploads/{id}/commit: curator, admin; audit all, small body",
      "POST /uploads/names: curator, admin; audit failed, small body",
      "POST /uploads/{id}/known: curator, admin; audit failed, small body",
      "POST /uploads/{id}/retry: curator, admin; audit all, small body",
      "POST /uploads/{id}/remove: curator, admin; audit all, small body",
      "POST /uploads: curator, admin; audit all, small body",
      "POST /validate-assets: curator, admin; audit all, small body",
      "PUT /log-level: admin; audit all, small body",
      "PUT /uploads/{id}/files/{sha256}: curator, admin; audit failed, stream body",
      "PUT /uploads/{id}/input: curator, admin; audit all, stream body",
      "PUT /uploads/{id}/rows: curator, admin; audit failed, stream body",
    ].sort(),
  );
});

test("tokens are taken up, revoked and end while the server runs", async () => {
  const world = await makeWorld();
  const { url } = await serve(world);
  // Nobody has made a token: this machine's users are let in.
  expect((await ask(url, "/status")).status).toBe(200);
  const made = await createToken(world.tokens, {
    name: "kim",
    role: "reader",
    nowMs: Date.now(),
    expiresMs: undefined,
  });
  const madeMs = performance.now();
  await until(async () => (await ask(url, "/status")).code === "unauthorized");
  const takenUpMs = performance.now() - madeMs;
  expect((await ask(url, "/status", { token: made.token })).status).toBe(200);
  const wrong = await ask(url, "/status", { token: `${made.token}x` });
  const none = await ask(url, "/status");
  expect([wrong.code, none.code]).toEqual(["unauthorized", "unauthorized"]);
  expect(wrong.message).toStartWith("this server does not know the token that was sent");
  expect(none.message).toStartWith("this server requires a token");
  // Long enough to be taken up while it is valid, however busy the machine is.
  const short = await tokenOf(world, "reader", Date.now() + 3000 + 10 * takenUpMs);
  await until(async () => (await ask(url, "/status", { token: short })).status === 200);
  await until(async () => (await ask(url, "/status", { token: short })).code === "unauthorized");
  await revokeToken(world.tokens, "kim");
  await until(async () => (await ask(url, "/status", { token: made.token })).code === "unauthorized");
  // The last one is gone: that opens nothing.
  expect((await ask(url, "/status")).code).toBe("unauthorized");
});

test("a file of tokens that breaks leaves those known before", async () => {
  const world = await makeWorld();
  const token = await tokenOf(world, "reader");
  const server = await serve(world);
  await writeFile(world.tokens.path, "{ no json");
  await until(async () => server.stderr().includes("the tokens cannot be read"));
  expect((await ask(server.url, "/status", { token })).status).toBe(200);
  expect((await ask(server.url, "/status")).code).toBe("unauthorized");
});

test("with tokens a server may listen for others", async () => {
  const world = await makeWorld();
  const closed = await runProgram(world, ["serve", "--host", "0.0.0.0", "--port", "0", "--json"]);
  expect([closed.exit, JSON.parse(closed.stdout).error.code]).toEqual([2, "usage"]);
  const token = await tokenOf(world, "reader");
  const { url } = await serve(world, ["--host", "0.0.0.0"]);
  const local = url.replace("0.0.0.0", "127.0.0.1");
  expect((await ask(local, "/status")).code).toBe("unauthorized");
  expect((await ask(local, "/status", { token })).status).toBe(200);
});

test("who changed what stands in the audit log, with who was refused", async () => {
  const world = await makeWorld();
  const token = await tokenOf(world, "curator");
  const { url } = await serve(world);
  const { headers } = await ask(url, "/process", { method: "POST", token });
  await ask(url, "/log-level", { method: "PUT", token });
  await ask(url, "/process", { method: "POST" });
  await ask(url, "/status", { token });
  const lines = await auditOf(world);
  expect(lines).toMatchObject([
    {
      action: "POST /process",
      role: "curator",
      from: "127.0.0.1",
      outcome: "ok",
      request_id: headers.get("x-request-id"),
    },
    { action: "PUT /log-level", role: "curator", outcome: "forbidden" },
    { action: "POST /process", who: "unknown", outcome: "unauthorized" },
  ]);
  expect(String(lines[0]?.who)).toStartWith("curator-");
  expect(JSON.stringify(lines)).not.toContain(token);
});

test("every request that changes or costs something leaves a line", async () => {
  const world = await makeWorld();
  const token = await tokenOf(world, "admin");
  const { url } = await serve(world);
  const document = (await (
    await fetch(`${url}/openapi.json`, { headers: { authorization: `Bearer ${token}` } })
  ).json()) as { paths: Record<string, object> };
  const questions = ["POST /search", "POST /query"];
  const changes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, "x")}`)
      .filter((one) => !/^(GET|HEAD) /.test(one) && !questions.includes(one)),
  );
  for (const change of changes) {
    const [method = "", path = ""] = change.split(" ");
    await ask(url, path, { method, token });
  }
  const lines = await auditOf(world);
  const written = lines.map(({ action, target }) => `${String(action).split(" ")[0]} ${target}`);
  expect(written.sort()).toEqual(changes.sort());
});

test("what commands do in the lake's folder stands there too", async () => {
  const world = await makeWorld();
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  await runProgram(world, ["catalog", "rebuild", "--quiet"]);
  expect(await auditOf(world)).toMatchObject([
    { action: "datalake process start", from: "local", outcome: "ok" },
    { action: "datalake catalog rebuild", from: "local", target: "generation 1" },
  ]);
});

async function auditOf(world: World): Promise<Record<string, unknown>[]> {
  const folder = join(world.lake.root, "logs");
  const names = (await readdir(folder)).filter((name) => name.startsWith("audit-")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts
    .join("")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("answers carry an id, and are for nobody else's cache or page", async () => {
  const world = await makeWorld();
  const first = await serve(world);
  for (const id of ["from-a-stranger", "no spaces", "x".repeat(100), "short"]) {
    const response = await fetch(`${first.url}/nowhere`, { headers: { "x-request-id": id } });
    const { error } = (await response.json()) as { error: { details: { request_id: string } } };
    expect(error.details.request_id).toMatch(/^r[0-9a-f]{32}$/);
    expect(response.headers.get("x-request-id")).toBe(error.details.request_id);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    await until(async () =>
      (await readFile(world.lake.layout.log(machineName()), "utf8")).includes(error.details.request_id),
    );
  }
  await first.stop();
  world.env.DATALAKE_SERVE_TRUSTED_PROXIES = "127.0.0.1";
  const { url } = await serve(world);
  const proxied = await ask(url, "/status", { headers: { "x-request-id": "abc-1234" } });
  expect(proxied.headers.get("x-request-id")).toBe("abc-1234");
  const odd = await ask(url, "/status", { headers: { "x-request-id": "no spaces" } });
  expect(odd.headers.get("x-request-id")).toMatch(/^r[0-9a-f]{32}$/);
});

test("over TLS with a certificate of our own", async () => {
  const world = await makeWorld();
  const [cert, key] = [join(world.folder, "cert.pem"), join(world.folder, "key.pem")];
  const made = Bun.spawnSync([
    ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-keyout", key, "-out", cert],
  ]);
  expect(made.exitCode).toBe(0);
  world.env.DATALAKE_SERVE_TLS_CERT = cert;
  const half = await runProgram(world, ["serve", "--port", "0", "--json"]);
  expect([half.exit, half.stdout]).toEqual([2, expect.stringContaining("serve.tls_key")]);
  world.env.DATALAKE_SERVE_TLS_KEY = key;
  const { url } = await serve(world);
  expect(url).toStartWith("https://");
  const trusting = { tls: { ca: await readFile(cert, "utf8") } } as RequestInit;
  expect((await fetch(`${url}/health`, trusting)).status).toBe(200);
  await expect(fetch(`${url}/health`)).rejects.toThrow();
  // The commands trust what the environment says that is to be trusted.
  const status = ["process", "list", "--server", url, "--json"];
  expect((await runProgram(world, status)).exit).toBe(6);
  world.env.NODE_EXTRA_CA_CERTS = cert;
  expect((await runProgram(world, status)).exit).toBe(0);
});

test("a proxy is believed only when it is known", async () => {
  const world = await makeWorld();
  const token = await tokenOf(world, "curator");
  world.env.DATALAKE_SERVE_ALLOWED_HOSTS = "lake.example";
  const forwarded = {
    "x-forwarded-for": "1.1.1.1, 203.0.113.9, 127.0.0.1",
    "x-forwarded-host": "lake.example",
  };
  const first = await serve(world);
  await ask(first.url, "/process", { method: "POST", token, headers: forwarded });
  expect(
    await ask(first.url, "/status", { token, headers: { ...forwarded, "x-forwarded-host": "evil.example" } }),
  ).toMatchObject({ status: 200 });
  await first.stop();
  world.env.DATALAKE_SERVE_TRUSTED_PROXIES = "127.0.0.1";
  const second = await serve(world);
  await ask(second.url, "/process", { method: "POST", token, headers: forwarded });
  expect((await auditOf(world)).map(({ from }) => from)).toEqual(["127.0.0.1", "203.0.113.9"]);
  const evil = { ...forwarded, "x-forwarded-host": "evil.example" };
  expect((await ask(second.url, "/status", { token, headers: evil })).code).toBe("bad_host");
});
