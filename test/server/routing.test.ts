/** What is judged of a request is what runs: every role, method, path and host, over raw lines. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { Elysia } from "elysia";
import { loadSettings } from "../../src/config.ts";
import { describeLake } from "../../src/lake/lake.ts";
import { silentLogger } from "../../src/log.ts";
import { OPERATIONS } from "../../src/operations/table.ts";
import { includesRole, ROLES, type Role } from "../../src/schema/token.ts";
import { createApp } from "../../src/server/app.ts";
import type { Access } from "../../src/server/auth/access.ts";
import { createAdmit } from "../../src/server/auth/admit.ts";
import { createHostCheck } from "../../src/server/auth/host.ts";
import type { ServerDeps } from "../../src/server/deps.ts";
import { listen, stopListening } from "../../src/server/http/listen.ts";
import { createCallers, createMiddleware } from "../../src/server/http/middleware.ts";
import type { RouteTable } from "../../src/server/http/route-table.ts";
import { createServedOperations } from "../../src/server/work/operations.ts";

setDefaultTimeout(120_000);

const OWN_HOSTS = ["nas", "a", "ab", "nas:80", "NAS", "[::1]", "[::1]:8091", "127.0.0.1:1", "localhost"];
const NO_HOSTS = [
  "::1",
  "u@nas",
  "nas/uploads",
  "nas/uploads/x",
  "nas?x",
  "nas#/log-level",
  "nas\\x",
  "nas, a",
  "",
  "nas:99999",
];
const OTHERS = ["evil.example", "abc", "[::2]"];
const PATHS = [
  "/log-level",
  "/log-level/",
  "/log%2dlevel",
  "/LOG-LEVEL",
  "//log-level",
  "/./log-level",
  "/uploads/../log-level",
  "/uploads/%2e%2e/log-level",
  "/uploads/..%2flog-level",
  "/uploads%2f..%2flog-level",
  "/uploads\\..\\log-level",
  "/uploads//log-level",
  "/uploads/x/../../config/providers/x",
  "/a/uploads/log-level",
  "/log-level?/uploads/",
  "/log-level#/uploads/",
  "/search/../log-level",
  "/config/providers/aihub",
  "/config/providers/a%2fb",
  "/config/tasks/ocr/",
  "/uploads",
  "/uploads/",
  `/uploads/u${"0".repeat(32)}/files/${"0".repeat(64)}`,
  `/uploads/u${"0".repeat(32)}/retry`,
  `/uploads/u${"0".repeat(32)}/remove`,
  "/process",
  "/catalog/rebuild",
  `/jobs/j${"0".repeat(32)}`,
  "/search",
  "/query",
  "/exports",
  "/exports/x",
  "/exports/x/files/a/b",
  "/validations/x",
  "/health",
  "/health/",
  "/status",
  "/assets/provider=p/x",
  "/",
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

interface Seen {
  path: string | undefined;
  route: string | undefined;
}

let seen: Seen = { path: undefined, route: undefined };
let server: ReturnType<typeof listen>;
let routes: RouteTable;

beforeAll(async () => {
  const settings = await loadSettings({ env: {}, cwd: "/nonexistent" });
  const callers = createCallers();
  const callerRole = (request: Request) => callers.callerOf(request)?.role;
  // No route does anything here: the one that would is noted.
  const deps = {
    settings,
    lake: describeLake("/nonexistent"),
    logger: silentLogger,
    callerRole,
    shown: <T>(value: T) => value,
    operations: createServedOperations({
      lake: describeLake("/nonexistent"),
      settings,
      operations: OPERATIONS,
      selfCommand: [],
      logger: silentLogger,
    }),
  };
  const { app, routes: table } = createApp(deps as unknown as ServerDeps);
  const recording = new Elysia({ strictPath: true })
    .onTransform(({ route }) => {
      seen.route = route;
    })
    .onBeforeHandle(() => new Response("ran"))
    .use(app);
  routes = table;
  const access: Access = {
    state: "tokens",
    callerOf: (header) => {
      const role = ROLES.find((one) => header === `Bearer ${one}`);
      return role && { name: role, role };
    },
    refresh: async () => {},
    close: () => {},
  };
  const admit = createAdmit({
    access,
    sessions: { callerOf: () => undefined },
    isOwnHost: createHostCheck("127.0.0.1", ["nas", "a", "ab"]),
    isTrusted: () => false,
    maxBodyBytes: 1000,
    maxRequests: 10_000,
    maxRequestsPerCaller: 10_000,
    isOpen: () => false,
  });
  const front = createMiddleware({
    lake: deps.lake,
    logger: silentLogger,
    isTrusted: () => false,
    callers,
    discretion: { show: (value) => value },
    maxBodyBytes: 1000,
    bodyTimeoutMs: 5000,
    observe: (_request, _route, answer) => Promise.resolve(answer()),
    answer: (request) => recording.fetch(request),
    routes,
    admit: (request, address, route) => {
      seen.path = new URL(request.url).pathname;
      return admit(request, address, route);
    },
  });
  server = listen("127.0.0.1", 0, undefined, front);
});
afterAll(() => stopListening(server));

interface Answered extends Seen {
  status: number;
  body: string;
}

/** Sends the lines of requests one after the other over one connection, each closed by its answer. */
function ask(method: string, target: string, host: string | undefined, role?: Role): Promise<Answered> {
  seen = { path: undefined, route: undefined };
  const headers = [
    ...(host === undefined ? [] : [`Host: ${host}`]),
    ...(role === undefined ? [] : [`Authorization: Bearer ${role}`]),
    "Connection: close",
    "Content-Length: 0",
  ];
  const version = host === undefined ? "1.0" : "1.1";
  return new Promise((give, fail) => {
    let text = "";
    const socket = connect(Number(server.port), "127.0.0.1", () =>
      socket.write(`${method} ${target} HTTP/${version}\r\n${headers.join("\r\n")}\r\n\r\n`),
    );
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", fail);
    socket.on("close", () => {
      const [head = "", body = ""] = text.split("\r\n\r\n");
      give({ status: Number(head.split(" ")[1] ?? 0), body, ...seen });
    });
  });
}

test("a route runs only for who may run it, and is the one that was judged, counted and written down", async () => {
  const ran = new Set<string>();
  for (const host of ["nas", "a", "[::1]:8091", "localhost"]) {
    for (const path of PATHS) {
      for (const method of METHODS) {
        for (const role of [undefined, ...ROLES]) {
          const told = { host, path, method, role };
          const { route, path: judged = "", status, body } = await ask(method, path, host, role);
          expect({ ...told, isError: status >= 500 && status !== 501, page: /<html/i.test(body) }).toEqual({
            ...told,
            isError: false,
            page: false,
          });
          if (route === undefined) continue;
          const name = route.replace(/:(\w+)/g, "{$1}");
          const { name: counted, terms } = routes(method, judged);
          expect({ ...told, judged: counted, terms }).toEqual({
            ...told,
            judged: name,
            terms: routes(method, route).terms,
          });
          const isRight = terms.role === "anybody" || (role !== undefined && includesRole(role, terms.role));
          expect({ ...told, isRight }).toEqual({ ...told, isRight: true });
          ran.add(`${method} ${name}`);
        }
      }
    }
  }
  // The walk reached what it is about.
  for (const route of [
    "PUT /log-level",
    "DELETE /config/providers/{name}",
    "POST /uploads",
    "GET /assets/*",
  ]) {
    expect([...ran]).toContain(route);
  }
});

test("every own name leads to the same routes", async () => {
  for (const host of OWN_HOSTS) {
    expect([host, (await ask("PUT", "/log-level", host, "admin")).route]).toEqual([host, "/log-level"]);
    expect([host, (await ask("GET", "/status", host, "reader")).route]).toEqual([host, "/status"]);
    expect([host, (await ask("PUT", "/log-level", host, "curator")).status]).toEqual([host, 403]);
    expect([host, (await ask("GET", "/status/", host, "reader")).route]).toEqual([host, "/status"]);
  }
});

test("a request to nobody, or to somebody else, is answered in words and runs nothing", async () => {
  for (const target of ["/health", "/log-level", "http://nas/log-level", "//nas/log-level"]) {
    for (const host of [...NO_HOSTS, undefined]) {
      const { status, route, body } = await ask("GET", target, host, "admin");
      expect({ host, target, status, route }).toEqual({ host, target, status: 400, route: undefined });
      expect(body).toContain('"code":"usage"');
    }
    for (const host of OTHERS) {
      const { status, route } = await ask("GET", target, host, "admin");
      expect({ host, target, status, route }).toEqual({ host, target, status: 421, route: undefined });
    }
  }
});

test("a target with a name of its own, or of no kind, is none of another route", async () => {
  const targets = {
    "http://evil.example/log-level": "/log-level",
    "http://nas/uploads/../log-level": "/log-level",
    "http://u@nas/uploads": undefined,
    "//evil.example/uploads": undefined,
    "///log-level": undefined,
  };
  for (const [target, route] of Object.entries(targets)) {
    const curator = await ask("PUT", target, "nas", "curator");
    expect([target, curator.route]).toEqual([target, undefined]);
    expect([target, (await ask("PUT", target, "nas", "admin")).route]).toEqual([target, route]);
  }
  for (const target of ["*", "log-level", "?x", "https:log-level", "nas:80"]) {
    for (const method of ["GET", "PUT", "OPTIONS", "CONNECT"]) {
      const { route, status } = await ask(method, target, "nas", "admin");
      expect({ target, method, route, isError: status >= 500 }).toEqual({
        target,
        method,
        route: undefined,
        isError: false,
      });
    }
  }
});
