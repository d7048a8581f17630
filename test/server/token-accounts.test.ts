/** Who may write to the lake makes nobody an administrator: a server and a curator as two accounts of one group. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hashToken } from "../../src/lake/tokens.ts";
import { makeWorld, PROGRAM, type World } from "../jobs/staging-kit.ts";
import { accountOf, as, CURATOR, giveToTeam, isRoot, SERVER } from "./accounts.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const running: ServeProcess[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop("SIGKILL");
});

type Environment = Record<string, string>;

/** Runs something as an account, without the environment of who runs the test. */
function runAs(uid: number, env: Environment, command: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...as(uid), ...command], {
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  return { exit: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

async function serve(world: World, env: Environment, args: string[] = []): Promise<ServeProcess> {
  const server = await startServe({ ...world, env }, args, as(SERVER));
  running.push(server);
  return server;
}

async function ask(url: string, path: string, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}${path}`, { headers });
  return { status: response.status, document: (await response.json()) as Record<string, unknown> };
}

async function makeTeam() {
  const world = await makeWorld();
  await giveToTeam(world);
  const [server, curator] = [await accountOf(world, SERVER), await accountOf(world, CURATOR)];
  return { world, server, curator };
}

const FORGED = (token: string) =>
  JSON.stringify({
    format: 1,
    tokens: [
      { name: "eve", role: "admin", sha256: hashToken(token), created_at: "2026-01-01", expires_at: null },
    ],
  });

test.if(isRoot)("a curator who may write to config/ replaces no token, and works on as before", async () => {
  const { world, server, curator } = await makeTeam();
  const config = world.lake.layout.config;
  const made = runAs(SERVER, server, [...PROGRAM, "token", "create", "kim", "--role", "reader", "--json"]);
  expect(made).toMatchObject({ exit: 0 });
  const { token } = JSON.parse(made.stdout) as { token: string };
  const file = JSON.parse(runAs(SERVER, server, [...PROGRAM, "token", "list", "--json"]).stdout).file;
  const { url } = await serve(world, server);
  const byShell = (script: string) => runAs(CURATOR, curator, ["sh", "-c", script]);

  expect(byShell(`cat ${file}`).exit).not.toBe(0);
  expect(byShell(`echo x > ${file}`).exit).not.toBe(0);
  expect(byShell(`mv ${dirname(file)} ${dirname(file)}.away`).exit).not.toBe(0);
  const forge = `echo '${FORGED("dl_eve")}' > tokens.json && chmod 600 tokens.json`;
  expect(byShell(`cd ${config} && ${forge}`).exit).toBe(0);
  expect(byShell(`mv ${config} ${config}.away && mkdir ${config} && cd ${config} && ${forge}`).exit).toBe(0);
  await until(async () => (await ask(url, "/status", token)).status === 200);
  await Bun.sleep(1100); // two looks of the server
  expect((await ask(url, "/status", "dl_eve")).status).toBe(401);
  expect((await ask(url, "/status")).status).toBe(401);
  expect((await ask(url, "/status", token)).document.access).toBe("tokens");
  expect(byShell(`rm -r ${config} && mv ${config}.away ${config} && rm ${config}/tokens.json`).exit).toBe(0);

  // The command of another account keeps tokens of its own, which the server does not know.
  const own = runAs(CURATOR, curator, [...PROGRAM, "token", "create", "eve", "--role", "admin", "--json"]);
  expect(own).toMatchObject({ exit: 0 });
  expect((await ask(url, "/status", JSON.parse(own.stdout).token)).status).toBe(401);
  expect(own.stderr).toContain(`runs as account ${SERVER}`);
  // What a curator is for goes on as before.
  const provider = runAs(CURATOR, curator, [...PROGRAM, "config", "provider", "create", "lab", "--yes"]);
  expect(provider).toMatchObject({ exit: 0 });
});

test.if(isRoot)(
  "a store that vanishes or that others could change closes the server until it is back",
  async () => {
    const { world, server } = await makeTeam();
    const made = runAs(SERVER, server, [...PROGRAM, "token", "create", "kim", "--role", "admin", "--json"]);
    const { token } = JSON.parse(made.stdout) as { token: string };
    const file = JSON.parse(runAs(SERVER, server, [...PROGRAM, "token", "list", "--json"]).stdout).file;
    const tokenFile = join(server.HOME, "admins");
    expect(runAs(SERVER, server, ["sh", "-c", `echo dl_of_the_file > ${tokenFile}`]).exit).toBe(0);
    const { url, stderr } = await serve(world, server, ["--token-file", tokenFile]);
    const faults: [() => Promise<void>, () => Promise<void>, RegExp][] = [
      [() => rename(file, `${file}.away`), () => rename(`${file}.away`, file), /tokens .* are gone/],
      [() => chmod(file, 0o660), () => chmod(file, 0o600), /may be changed by other accounts/],
      [() => chmod(dirname(file), 0o770), () => chmod(dirname(file), 0o700), /run `chmod go-w/],
    ];
    for (const [harm, mend, why] of faults) {
      expect((await ask(url, "/status", token)).status).toBe(200);
      await harm();
      await until(async () => (await ask(url, "/status", token)).status === 401);
      const refused = await ask(url, "/status", token);
      expect(JSON.stringify(refused.document)).toContain("accepts no token");
      expect(JSON.stringify(refused.document)).not.toContain(file);
      expect((await ask(url, "/status")).status).toBe(401);
      expect((await ask(url, "/health")).status).toBe(200);
      // Who has a token of the other file reads why.
      expect((await ask(url, "/status", "dl_of_the_file")).document.access).toBe("closed");
      await until(async () => why.test(stderr()));
      await mend();
      await until(async () => (await ask(url, "/status", token)).status === 200);
    }
  },
);

test.if(isRoot)("tokens of the first version are taken over from the server's account only", async () => {
  const { world, server, curator } = await makeTeam();
  const old = world.lake.layout.oldTokens;
  const write = (uid: number, env: Environment, token: string) =>
    runAs(uid, env, ["sh", "-c", `umask 077 && echo '${FORGED(token)}' > ${old}`]);
  expect(write(CURATOR, curator, "dl_eve").exit).toBe(0);
  const refused = runAs(SERVER, server, [...PROGRAM, "serve", "--port", "0"]);
  expect(refused.exit).toBe(1);
  expect(refused.stderr).toMatch(/^datalake: .*tokens\.json was not written by this account.*remove it/);
  expect(runAs(CURATOR, curator, ["rm", old]).exit).toBe(0);
  expect(write(SERVER, server, "dl_of_old").exit).toBe(0);
  const { url } = await serve(world, server);
  expect((await ask(url, "/status", "dl_of_old")).status).toBe(200);
  expect((await ask(url, "/status")).status).toBe(401);
  expect(await Bun.file(old).exists()).toBe(false);
});
