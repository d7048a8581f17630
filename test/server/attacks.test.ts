/** What a stranger may try on a server, each attempt against a real one that has tokens. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { createToken } from "../../src/lake/tokens.ts";
import type { Role } from "../../src/schema/token.ts";
import { makeWorld, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;
let admin = "";
let port = 0;
/** Ends when the server cuts off a connection whose headers come byte by byte. */
let trickled: Promise<number>;

beforeAll(async () => {
  world = await makeWorld();
  const request = { name: "root", role: "admin", nowMs: Date.now(), expiresMs: undefined } as const;
  admin = (await createToken(world.tokens, request)).token;
  world.env.DATALAKE_SERVE_ALLOWED_HOSTS = "nas";
  server = await startServe(world);
  port = Number(new URL(server.url).port);
  trickled = trickle("GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
});
afterAll(() => server?.stop("SIGKILL"));

/** Sends bytes as they are, and gives what came back until the line ends or is silent for long enough. */
function raw(text: string | Uint8Array, silenceMs = 60_000): Promise<string> {
  return new Promise((give) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => give(answer));
  });
}

/** Sends a beginning and then a byte twice a second; gives after how many milliseconds the other side hung up. */
function trickle(beginning: string): Promise<number> {
  const startedMs = performance.now();
  return new Promise((give) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(beginning));
    const timer = setInterval(() => socket.write("y"), 500);
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      give(performance.now() - startedMs);
    });
  });
}

const head = (line: string, ...headers: string[]) =>
  [line, "Host: 127.0.0.1", `Authorization: Bearer ${admin}`, "Connection: close", ...headers, "", ""].join(
    "\r\n",
  );

async function isAlive(): Promise<boolean> {
  return (await fetch(`${server.url}/health`)).ok;
}

const SECRETS = /root:x:|providers:|"sha256"|PRIVATE KEY/;

describe("paths", () => {
  const CLIMBS = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252fetc%252fpasswd",
    "..\\..\\..\\etc\\passwd",
    "..%5c..%5cetc%5cpasswd",
    "%00",
    "x%00.json",
    "....//....//etc/passwd",
    "/etc/passwd",
    "%c0%ae%c0%ae/etc/passwd",
    "config/tokens.json",
    "..%2fconfig%2ftokens.json",
  ];
  const PLACES = [
    ["GET", "/jobs/"],
    ["DELETE", "/jobs/"],
    ["GET", "/validations/"],
    ["GET", "/assets/"],
    ["GET", "/exports/"],
    ["POST", "/uploads/"],
    ["PUT", "/uploads/"],
    ["DELETE", "/config/providers/"],
    ["GET", "/"],
  ] as const;

  test("that climb out lead nowhere", async () => {
    for (const [method, place] of PLACES) {
      for (const climb of CLIMBS) {
        const answer = await raw(head(`${method} ${place}${climb} HTTP/1.1`, "Content-Length: 0"));
        expect({ place, climb, leaks: SECRETS.test(answer) }).toEqual({ place, climb, leaks: false });
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
        expect({ place, climb, found: status === 200 || status >= 500 }).toEqual({
          place,
          climb,
          found: false,
        });
      }
    }
    expect(await isAlive()).toBe(true);
  });

  test("in names and selections are names, or refused", async () => {
    for (const name of ["../../etc", "a/b", "..", ".hidden", "a\u0000b", "-rf", "a".repeat(10_000)]) {
      const response = await fetch(`${server.url}/search`, {
        method: "POST",
        headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
        body: JSON.stringify({ providers: [name], limit: 1 }),
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    }
  });
});

describe("origins", () => {
  const post = (headers: Record<string, string>) =>
    fetch(`${server.url}/process`, {
      method: "POST",
      headers: { authorization: `Bearer ${admin}`, ...headers },
    });

  test("of other sites change nothing", async () => {
    expect((await post({ origin: "https://evil.example" })).status).toBe(403);
    expect((await post({ origin: "null" })).status).toBe(403);
    expect((await post({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await post({ "sec-fetch-site": "same-site" })).status).toBe(403);
    expect((await post({ origin: server.url, "sec-fetch-site": "same-origin" })).status).toBe(200);
  });

  test("are never allowed by a CORS header", async () => {
    const asked = { origin: "https://evil.example", "access-control-request-method": "POST" };
    for (const [method, path] of [
      ["OPTIONS", "/process"],
      ["GET", "/health"],
      ["GET", "/status"],
    ] as const) {
      const { headers } = await fetch(`${server.url}${path}`, { method, headers: asked });
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  test("under a name of another's are refused, whatever is asked", async () => {
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", ""]) {
      const answer = await raw(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(answer).not.toContain("HTTP/1.1 200");
    }
  });
});

describe("hosts", () => {
  test("that are none are refused in words, without a page of the runtime", async () => {
    for (const host of ["::1", "u@nas", "nas/x", "nas?x", "a b", "nas, nas", ""]) {
      const answer = await raw(
        `GET /health HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${admin}\r\nConnection: close\r\n\r\n`,
      );
      expect([host, answer.split("\r\n")[0]]).toEqual([host, "HTTP/1.1 400 Bad Request"]);
      expect(answer.length).toBeLessThan(1000);
      expect(answer).not.toContain("<html");
    }
  });

  test("of three letters serve who may, and nobody else", async () => {
    const named = (line: string, token: string) =>
      raw(
        `${line} HTTP/1.1\r\nHost: nas\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
    const request = { name: "host", role: "curator", nowMs: Date.now(), expiresMs: undefined } as const;
    const curator = (await createToken(world.tokens, request)).token;
    await until(async () => (await named("GET /status", curator)).includes(" 200 "));
    expect(await named("GET /status", admin)).toContain(" 200 ");
    for (const line of ["PUT /log-level", "PUT /uploads/log-level", "DELETE /config/providers/hub"]) {
      expect([line, /^HTTP\/1.1 (403|404)/.test(await named(line, curator))]).toEqual([line, true]);
    }
    expect(await named("PUT /uploads/log-level", curator)).not.toContain("level:");
  });
});

describe("tokens", () => {
  test("in the URL are refused, right ones too", async () => {
    for (const name of ["token", "access_token"]) {
      const response = await fetch(`${server.url}/status?${name}=${admin}`, {
        headers: { authorization: `Bearer ${admin}` },
      });
      expect(response.status).toBe(400);
    }
    expect((await fetch(`${server.url}/status?token=${admin}`)).status).toBe(400);
  });

  test("that are nearly right are not right", async () => {
    const tries = [
      "",
      "Bearer",
      "Bearer ",
      `Bearer ${admin.slice(0, -1)}`,
      `Bearer ${admin}x`,
      `Basic ${admin}`,
    ];
    for (const authorization of [...tries, admin, `Bearer  x ${admin}`, `Bearer ${admin.toUpperCase()}`]) {
      expect((await fetch(`${server.url}/status`, { headers: { authorization } })).status).toBe(401);
    }
  });

  test("are in no log", async () => {
    await fetch(`${server.url}/process`, { method: "POST", headers: { authorization: `Bearer ${admin}` } });
    expect(server.stderr()).not.toContain(admin);
  });
});

describe("bodies", () => {
  test("that are too large are refused before they are read, and while they are", async () => {
    const said = await raw(
      head("POST /search HTTP/1.1", "Content-Type: application/json", "Content-Length: 9000000000"),
    );
    expect(said).toContain(" 413 ");
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const endless = head(
      "POST /search HTTP/1.1",
      "Content-Type: application/json",
      "Transfer-Encoding: chunked",
    );
    expect(await raw(endless + chunk.repeat(40))).toContain(" 413 ");
    expect(await isAlive()).toBe(true);
  });

  test("of strange shapes are answered as wrong", async () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    for (const body of [
      "",
      "{",
      "null",
      "[]",
      '"x"',
      deep,
      '{"limit":1e999}',
      '{"__proto__":{"x":1}}',
      "\u0000",
    ]) {
      const response = await fetch(`${server.url}/search`, {
        method: "POST",
        headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
        body,
      });
      const { error } = (await response.json()) as { error: { code: string } };
      const told = { body: body.slice(0, 20), status: response.status, code: error.code };
      expect(told).toEqual({ ...told, status: 400, code: "usage" });
    }
  });
});

describe("uploads", () => {
  const tokenOf = async (name: string, role: Role) =>
    (await createToken(world.tokens, { name, role, nowMs: Date.now(), expiresMs: undefined })).token;
  const offer = {
    identity: "a".repeat(64),
    key: { provider: "hub", dataset: "pages", task: "raw", variant: "image" },
    mode: "create",
    columns: [],
    refers_to_raw: false,
  };
  const ask = async (token: string, method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const document = (await response.json()) as { upload_id?: string; error?: { code: string } };
    return { code: document.error?.code, id: document.upload_id ?? "" };
  };

  test("of another's are nobody else's, an administrator's neither", async () => {
    const [kim, lee] = [await tokenOf("kim", "curator"), await tokenOf("lee", "curator")];
    await until(async () => (await ask(lee, "GET", "/uploads")).code === undefined);
    const { id, code } = await ask(kim, "POST", "/uploads", offer);
    expect({ id, code }).toEqual({ id: expect.stringMatching(/^u[0-9a-f]{32}$/), code: undefined });
    const other = await ask(lee, "POST", "/uploads", offer);
    expect(other.id).not.toBe(id);
    for (const token of [lee, admin]) {
      for (const [method, path, body] of [
        ["POST", `/uploads/${id}/known`, { hashes: [] }],
        ["PUT", `/uploads/${id}/files/${"b".repeat(64)}`, "x"],
        ["DELETE", `/uploads/${id}`],
      ] as const) {
        expect([path, (await ask(token, method, path, body)).code]).toEqual([path, "not_found"]);
      }
    }
    // The digest is not that of the bytes: refused, and nothing of it is kept.
    expect((await ask(kim, "PUT", `/uploads/${id}/files/${"b".repeat(64)}`, "x")).code).toBe("invalid_input");
    expect(
      (await ask(kim, "POST", `/uploads/${id}/known`, { hashes: ["b".repeat(64)] })).code,
    ).toBeUndefined();
    expect((await ask(kim, "DELETE", `/uploads/${id}`)).code).toBeUndefined();
  });

  test("name contents by digests, not by paths", async () => {
    const { id } = await ask(admin, "POST", "/uploads", offer);
    for (const name of ["..%2f..%2fupload.json", `${"b".repeat(63)}%2f`, "B".repeat(64), "%00", "x"]) {
      expect([name, (await ask(admin, "PUT", `/uploads/${id}/files/${name}`, "x")).code]).toEqual([
        name,
        "usage",
      ]);
    }
    for (const hashes of [["../x"], Array(10_001).fill("b".repeat(64)), "x"]) {
      expect((await ask(admin, "POST", `/uploads/${id}/known`, { hashes })).code).toBe("usage");
    }
    expect((await ask(admin, "DELETE", `/uploads/${id}`)).code).toBeUndefined();
  });
});

describe("connections", () => {
  test("that are slow, 200 of them, keep nobody else waiting", async () => {
    const sockets = Array.from({ length: 200 }, (_, at) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.on("connect", () =>
        socket.write(
          at % 2 === 0
            ? "GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
            : head("POST /search HTTP/1.1", "Content-Type: application/json", "Content-Length: 1000").concat(
                "{",
              ),
        ),
      );
      return socket;
    });
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    const answers = await Promise.all(Array.from({ length: 20 }, isAlive));
    expect(answers).toEqual(answers.map(() => true));
    for (const socket of sockets) socket.destroy();
  });

  test("with two meanings are closed", async () => {
    const smuggled = "GET /config HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    for (const headers of [
      ["Content-Length: 5", "Transfer-Encoding: chunked"],
      ["Content-Length: 5", "Content-Length: 6"],
      ["Transfer-Encoding: chunked, identity"],
      ["Transfer-Encoding : chunked"],
    ]) {
      const answer = await raw(`${head("POST /search HTTP/1.1", ...headers)}0\r\n\r\n${smuggled}`);
      const answers = answer.split("HTTP/1.1 ").length - 1;
      expect({ headers, answers: answers <= 1 }).toEqual({ headers, answers: true });
      expect(answer).not.toContain(" 200 ");
    }
    expect(await isAlive()).toBe(true);
  });

  test("with headers by the megabyte are closed", async () => {
    const bomb = Array.from({ length: 20_000 }, (_, at) => `X-${at}: ${"y".repeat(50)}`);
    expect(await raw(head("GET /status HTTP/1.1", ...bomb))).not.toContain(" 200 ");
    expect(await raw(head(`GET /${"a".repeat(2_000_000)} HTTP/1.1`))).not.toContain(" 200 ");
    expect(await isAlive()).toBe(true);
  });

  test("whose headers come byte by byte are closed", async () => {
    expect(await trickled).toBeLessThan(20_000);
  });
});
