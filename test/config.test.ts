import { afterAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  environmentName,
  isUnattended,
  loadSettings,
  modesOf,
  parseSize,
  type SettingsSources,
  settingPaths,
} from "../src/config.ts";
import { AppError } from "../src/errors.ts";
import { folderOf } from "../src/schema/lake-location.ts";

const root = await mkdtemp(join(tmpdir(), "config-"));
afterAll(() => rm(root, { recursive: true, force: true }));

let count = 0;
async function folderWith(text: string | undefined, name = "config.yaml"): Promise<string> {
  const folder = join(root, String(count++));
  await mkdir(folder, { recursive: true });
  if (text !== undefined) await writeFile(join(folder, name), text);
  return folder;
}

/** Settings with nothing of this machine in them. */
async function load(sources: SettingsSources = {}) {
  return loadSettings({ cwd: await folderWith(undefined), env: { HOME: "/home/kim" }, ...sources });
}

async function failure(sources: SettingsSources): Promise<AppError> {
  const error = await load(sources).catch((caught) => caught);
  expect(error).toBeInstanceOf(AppError);
  expect(error.code).toBe("invalid_config");
  return error;
}

describe("loadSettings", () => {
  test("gives every setting its default", async () => {
    const settings = await load();
    expect(settings.images).toEqual({
      policy: "optimize",
      verify: "full",
      max_pixels: 178_956_970,
      max_bytes: "512MB",
      keep_documents: "auto",
    });
    expect(settings.serve).toMatchObject({ host: "127.0.0.1", port: 8091, allowed_hosts: [] });
    expect(modesOf(settings)).toEqual({ folder: 0o775, file: 0o664, asset: 0o444 });
    expect(settings.processing.num_proc).toBeGreaterThan(0);
    expect(settings.cacheFolder).toBe("/home/kim/.cache/datalake");
    expect(settings.scratchFolder).toBe("/home/kim/.cache/datalake/scratch");
    expect(settings.location).toBeUndefined();
    expect(settings.configFile).toBeUndefined();
  });

  test("a flag wins over the environment, that over the file, that over the default", async () => {
    const cwd = await folderWith("serve:\n  port: 1\n  host: file\nprocessing:\n  batch_size: 10\n");
    const env = { HOME: "/home/kim", DATALAKE_SERVE_PORT: "2", DATALAKE_PROCESSING_NUM_PROC: "3" };
    const settings = await load({ cwd, env, flags: { serve: { port: 4 } } });
    expect(settings.serve).toMatchObject({ port: 4, host: "file", max_body: "1MB" });
    expect(settings.processing).toEqual({ num_proc: 3, batch_size: 10, memory: "1GB", auto: false });
    expect((await load({ cwd, env })).serve.port).toBe(2);
    expect((await load({ cwd })).serve.port).toBe(1);
    expect(settings.configFile).toBe(join(cwd, "config.yaml"));
  });

  test("reads the file named, then that of the folder, then that of the user", async () => {
    const home = join(root, "home");
    await mkdir(join(home, ".config", "datalake"), { recursive: true });
    await writeFile(join(home, ".config", "datalake", "config.yaml"), "log: { keep: 1 }");
    const cwd = await folderWith("log: { keep: 2 }");
    const named = join(await folderWith("log: { keep: 3 }", "other.yaml"), "other.yaml");
    const empty = await folderWith(undefined);
    expect((await load({ cwd: empty, env: { HOME: home } })).log.keep).toBe(1);
    expect((await load({ cwd, env: { HOME: home } })).log.keep).toBe(2);
    expect((await load({ cwd, env: { HOME: home, DATALAKE_CONFIG: named } })).log.keep).toBe(3);
    const flag = { configFile: named, cwd, env: { HOME: home, DATALAKE_CONFIG: "/nowhere" } };
    expect((await load(flag)).log.keep).toBe(3);
    await failure({ configFile: join(root, "missing.yaml") });
  });

  test("every setting can come from the environment", async () => {
    const values: Record<string, string> = {
      "images.policy": "jpeg",
      "images.verify": "header",
      "images.max_pixels": "7",
      "images.max_bytes": "7KiB",
      "images.keep_documents": "never",
      "upload.max_rejects": "7",
      "processing.num_proc": "7",
      "processing.batch_size": "7",
      "processing.memory": "7GB",
      "processing.auto": "true",
      "serve.port": "7",
      "serve.allowed_hosts": "a.example, b.example",
      "serve.max_body": "7MB",
      "serve.trusted_proxies": "10.0.0.7",
      "serve.max_upload_rows": "7",
      "serve.max_upload_bytes": "7MB",
      "serve.max_requests": "7",
      "serve.max_requests_per_token": "7",
      "serve.ui": "off",
      "database.memory": "7GB",
      "database.threads": "7",
      "permissions.folder": "0770",
      "permissions.file": "660",
      "mount.stale_s": "0.5",
      "log.level": "debug",
      "log.max_size": "7MB",
      "catalog.recent_from": "7MB",
      "log.keep": "7",
      server: "http://lake.example:7",
      "catalog.index": "off",
      "sql.timeout_s": "7",
      "sql.memory": "7MB",
      "sql.max_rows": "7",
      "sql.max_bytes": "7MB",
      "sql.max_running": "7",
      "sql.max_running_per_token": "7",
      "s3.prefix": "007",
      "s3.endpoint": "http://s3.example",
      "athena.endpoint": "http://athena.example",
      "athena.output": "s3://bucket/results",
      "athena.max_scan": "7GB",
      "athena.price_per_tb": "7",
      "athena.reuse_minutes": "0",
      "trino.url": "https://trino.example",
    };
    const env: Record<string, string> = { HOME: "/home/kim" };
    for (const path of settingPaths()) env[environmentName(path)] = values[path] ?? "/seven";
    const settings = await load({ env });
    expect(settings).toMatchObject({
      location: { kind: "folder", path: "/seven" },
      namedServer: "http://lake.example:7",
      cacheFolder: "/seven",
      scratchFolder: "/seven",
      images: { policy: "jpeg", verify: "header", max_pixels: 7, max_bytes: "7KiB", keep_documents: "never" },
      upload: { max_rejects: "7" },
      processing: { num_proc: 7, batch_size: 7, memory: "7GB", auto: true },
      serve: {
        host: "/seven",
        port: 7,
        token_file: "/seven",
        allowed_hosts: ["a.example", "b.example"],
        max_body: "7MB",
        trusted_proxies: ["10.0.0.7"],
        max_requests: 7,
        tls_cert: "/seven",
      },
      database: { memory: "7GB", threads: 7 },
      permissions: { folder: 0o770, file: 0o660 },
      log: { level: "debug", max_size: "7MB", keep: 7 },
      catalog: { index: "off", recent_from: "7MB" },
      sql: { timeout_s: 7, memory: "7MB", max_rows: 7, max_bytes: "7MB" },
      s3: { bucket: "/seven", prefix: "007", region: "/seven", endpoint: "http://s3.example" },
      athena: { output: "s3://bucket/results", max_scan: "7GB", price_per_tb: 7, reuse_minutes: 0 },
      trino: { url: "https://trino.example", user: "/seven", password_file: "/seven" },
    });
  });

  test("paths start where they are said", async () => {
    const cwd = await folderWith(undefined);
    const file = join(await folderWith("lake: lake\ncache: ~/cache\nserve: { token_file: tokens }\n"));
    const configFile = join(file, "config.yaml");
    const settings = await load({ cwd, configFile });
    expect(folderOf(settings.location)).toBe(join(file, "lake"));
    expect(settings.serve.token_file).toBe(join(file, "tokens"));
    expect(settings.scratchFolder).toBe("/home/kim/cache/scratch");
    const env = { HOME: "/home/kim", DATALAKE_LAKE: "lake" };
    expect(folderOf((await load({ cwd, configFile, env })).location)).toBe(join(cwd, "lake"));
    const flags = { lake: "flag" };
    expect(folderOf((await load({ cwd, configFile, flags })).location)).toBe(join(cwd, "flag"));
  });

  test("an empty file, an empty group and a value left out are defaults", async () => {
    for (const text of ["", "# nothing\n", "serve:\n  # port: 1\n", "serve:\n  port:\n"]) {
      expect((await load({ cwd: await folderWith(text) })).serve.port).toBe(8091);
    }
    expect((await load({ env: { HOME: "/home/kim", DATALAKE_SERVE_PORT: "" } })).serve.port).toBe(8091);
  });

  const wrong: [string, string, string | undefined][] = [
    ["an unknown setting", "serve: { prot: 1 }", "serve.prot"],
    ["an unknown group", "server_: {}", "server_"],
    ["a wrong type", "serve: { port: many }", "serve.port"],
    ["a port that cannot be", "serve: { port: 65536 }", "serve.port"],
    ["a wrong choice", "images: { policy: best }", "images.policy"],
    ["a wrong size", "log: { max_size: 20 }", "log.max_size"],
    ["a wrong mode", "permissions: { folder: 0999 }", "permissions.folder"],
    ["a wrong limit", "upload: { max_rejects: some }", "upload.max_rejects"],
    ["a wrong URL", "server: lake.example", "server"],
    ["no YAML", "serve: [", undefined],
    ["no settings", "- a", undefined],
  ];
  for (const [what, text, key] of wrong) {
    test(`refuses ${what}`, async () => {
      const error = await failure({ cwd: await folderWith(text) });
      if (key !== undefined) expect(error.details).toEqual({ key });
    });
  }

  test("a file that cannot be read is not passed over", async () => {
    const cwd = await folderWith(undefined);
    const path = join(cwd, "config.yaml");
    await symlink(path, path); // which not even root can read
    await failure({ cwd });
  });

  test("takes the token from the environment alone", async () => {
    expect((await load({ env: { HOME: "/home/kim", DATALAKE_TOKEN: "secret" } })).token).toBe("secret");
    await failure({ cwd: await folderWith("token: secret") });
  });

  test("a home that cannot be written is passed over", async () => {
    const { cacheFolder, scratchFolder } = await loadSettings({
      env: { HOME: "/dev/null/nobody" },
      cwd: "/",
    });
    expect(cacheFolder).toMatch(/\/datalake-\d+$/);
    expect(scratchFolder).toBe(`${cacheFolder}/scratch`);
  });

  test("without a home, the cache is a folder of this user alone", async () => {
    const { cacheFolder } = await load({ env: { TMPDIR: "/var/tmp" } });
    expect(cacheFolder).toBe(`/var/tmp/datalake-${process.getuid?.() ?? 0}`);
    expect((await load({ env: { XDG_CACHE_HOME: "/x" } })).cacheFolder).toBe("/x/datalake");
  });
});

describe("config.yaml of the project", () => {
  const OPEN = [
    "sql.max_running_per_token",
    ...["lake", "server", "cache", "scratch", "serve.token_file", "serve.tls_cert", "serve.tls_key"],
    ...["s3.bucket", "s3.region", "s3.endpoint", "athena.region", "athena.endpoint", "athena.output"],
    "serve.tokens",
    ...["trino.url", "trino.user", "trino.location", "trino.password_file", "trino.token_file"],
  ];
  const OF_THE_MACHINE = ["processing.num_proc", "database.threads"];

  test("names every setting once, commented, with its default", async () => {
    const text = await readFile(join(import.meta.dir, "..", "config.yaml"), "utf8");
    const shown: string[] = [];
    let group = "";
    for (const line of text.split("\n")) {
      const [, outer] = /^([a-z0-9_]+):$/.exec(line) ?? [];
      if (outer) group = outer;
      const [, indent, key] = /^( *)# ([a-z_]+): \S+$/.exec(line) ?? [];
      if (key) shown.push(indent === "" ? key : `${group}.${key}`);
    }
    expect(shown.toSorted()).toEqual(settingPaths().toSorted());

    const open = text.replace(/^( *)# ([a-z_]+: \S+)$/gm, "$1$2");
    const settings: Record<string, unknown> = await load({ cwd: await folderWith(open) });
    const defaults: Record<string, unknown> = await load({ cwd: await folderWith(text) });
    const at = (tree: Record<string, unknown>, path: string) =>
      path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], tree);
    for (const path of settingPaths()) {
      if (OF_THE_MACHINE.includes(path)) expect(at(settings, path)).toBeNumber();
      else if (OPEN.includes(path)) expect(at(defaults, path)).toBeUndefined();
      else expect([path, at(settings, path)]).toEqual([path, at(defaults, path)]);
    }
    expect(settings.cacheFolder).toBe(defaults.cacheFolder);
    expect(settings.scratchFolder).toBe(defaults.scratchFolder);
  });
});

test("parseSize reads decimal and binary units", () => {
  expect(["7B", "2KB", "1.5 MB", "2GiB"].map(parseSize)).toEqual([7, 2000, 1_500_000, 2 * 1024 ** 3]);
  expect(() => parseSize("many")).toThrow(AppError);
});

test("CI means that nobody answers", () => {
  expect([{}, { CI: "" }, { CI: "false" }, { CI: "1" }, { CI: "true" }].map(isUnattended)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});
