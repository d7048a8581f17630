import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sharedServer } from "./shared-servers.ts";
import { spawnWatched, startOnFreePort } from "./watched.ts";

/** What `.ci/trino` leaves. */
const PLACE = resolve(import.meta.dir, "../../.cache/trino");
const HOME = join(PLACE, "476");
const JAVA = join(PLACE, "java");

/** False where somebody decided to test without Trino: pass it to `describe.skipIf(!trinoWanted)`. */
export const trinoWanted = process.env.DATALAKE_TEST_TRINO !== "skip";

/** A running Trino with no catalogs but those that tests make. */
export interface TrinoServer {
  /** `http://127.0.0.1:<port>`. */
  url: string;
  /** Runs a statement to its end; rows as they come in JSON. Throws with Trino's own message. */
  run(sql: string): Promise<unknown[][]>;
  /**
   * A catalog of the hive connector with a name of its own, its metastore in files. Over a local folder:
   * `local:///x` is `<folder>/x`. Over S3: the properties `s3.endpoint`, `s3.region`, `s3.aws-access-key`... and
   * `hive.metastore.catalog.dir`, which come on top.
   */
  createCatalog(place: { folder: string } | { properties: Record<string, string> }): Promise<string>;
}

let shared: Promise<TrinoServer> | undefined;

/** The one Trino of this test run, started when first asked for (some 9 s). Throws one sentence where it was not fetched. */
export function useTrino(): Promise<TrinoServer> {
  shared ??= sharedServer("trino", startTrino).then(trinoAt);
  return shared;
}

/** Starts a Trino that ends with this process, however that ends; gives its URL. */
export async function startTrino(): Promise<string> {
  if (!existsSync(join(HOME, "complete")) || !existsSync(join(JAVA, "bin/java"))) {
    throw new Error(
      "Trino is missing; fetch it with .ci/trino, or set DATALAKE_TEST_TRINO=skip to test without it",
    );
  }
  return startOnFreePort(async (port) => {
    const folder = await mkdtemp(join(tmpdir(), "datalake-trino-"));
    const url = `http://127.0.0.1:${port}`;
    await configure(folder, port);
    const child = spawnWatched("trino", folder, javaCommand(folder));
    await untilReady(url, child, folder);
    return url;
  });
}

function trinoAt(url: string): TrinoServer {
  const run = (sql: string) => runStatement(url, sql);
  return {
    url,
    run,
    createCatalog: async (place) => {
      const name = `hive_${randomBytes(6).toString("hex")}`;
      const properties = "folder" in place ? await localProperties(place.folder) : S3_PROPERTIES;
      const all = { ...HIVE_PROPERTIES, ...properties, ...("properties" in place ? place.properties : {}) };
      const list = Object.entries(all).map(([key, value]) => `"${key}" = '${value.replaceAll("'", "''")}'`);
      await run(`CREATE CATALOG ${name} USING hive WITH (${list.join(", ")})`);
      return name;
    },
  };
}

function javaCommand(folder: string): string[] {
  return [
    join(JAVA, "bin/java"),
    "-server",
    "-Xmx1G",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djdk.attach.allowAttachSelf=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Duser.timezone=UTC",
    "-Dnode.environment=test",
    "-Dnode.id=test",
    `-Dnode.data-dir=${join(folder, "data")}`,
    `-Dplugin.dir=${join(HOME, "plugin")}`,
    `-Dconfig=${join(folder, "config.properties")}`,
    "-Dlog.console-format=text",
    "-cp",
    join(HOME, "lib/*"),
    "io.trino.server.TrinoServer",
  ];
}

async function configure(folder: string, port: number): Promise<void> {
  await mkdir(join(folder, "data"));
  const lines = [
    "coordinator=true",
    "node-scheduler.include-coordinator=true",
    `http-server.http.port=${port}`,
    `discovery.uri=http://127.0.0.1:${port}`,
    "node.internal-address=127.0.0.1",
    "query.max-memory-per-node=512MB",
    "catalog.management=dynamic",
    "catalog.store=memory",
  ];
  await writeFile(join(folder, "config.properties"), `${lines.join("\n")}\n`);
}

const HIVE_PROPERTIES = {
  "hive.metastore": "file",
  "hive.non-managed-table-writes-enabled": "true",
  "hive.allow-register-partition-procedure": "true",
};

const S3_PROPERTIES = {
  "fs.native-s3.enabled": "true",
  "s3.path-style-access": "true",
};

async function localProperties(folder: string): Promise<Record<string, string>> {
  return {
    "hive.metastore.catalog.dir": "local:///meta",
    "fs.native-local.enabled": "true",
    "local.location": await realpath(folder),
  };
}

const START_LIMIT_MS = 240_000;

async function untilReady(url: string, child: Bun.Subprocess, folder: string): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    try {
      const answer = await fetch(`${url}/v1/info`);
      if (answer.ok && ((await answer.json()) as { starting: boolean }).starting === false) return;
    } catch {
      // not listening yet
    }
    await Bun.sleep(100);
  }
  const logs = await Promise.all(
    ["trino.err", "trino.log"].map((name) => Bun.file(join(folder, name)).text()),
  );
  const said = logs
    .join("\n")
    .split("\n")
    .filter((line) => /ERROR|Exception|[Ee]rror/.test(line));
  throw new Error(`Trino did not start:\n${said.slice(0, 20).join("\n")}`);
}

interface Page {
  nextUri?: string;
  data?: unknown[][];
  error?: { message: string };
}

async function runStatement(url: string, sql: string): Promise<unknown[][]> {
  const headers = { "X-Trino-User": "test", "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME" };
  const rows: unknown[][] = [];
  let answer = await fetch(`${url}/v1/statement`, { method: "POST", body: sql, headers });
  for (;;) {
    if (!answer.ok) throw new Error(`Trino answers ${answer.status}: ${await answer.text()}`);
    const page = (await answer.json()) as Page;
    if (page.error) throw new Error(`${page.error.message} in: ${sql}`);
    rows.push(...(page.data ?? []));
    if (page.nextUri === undefined) return rows;
    answer = await fetch(page.nextUri, { headers });
  }
}
