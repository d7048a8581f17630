/** Every command means the same lake by the same flags, environment and settings file. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, withFolder } from "./harness.ts";

setDefaultTimeout(120_000);

const UPLOAD_ID = "u0197c0ffee0000000000000000000000";
const JOB_ID = "j0197c0ffee0000000000000000000000";
const COMMANDS: string[][] = [
  ["upload", "scans", "--type", "raw", "--provider", "aihub", "--dataset", "책"],
  ["process", "start"],
  ["process", "start", "--wait"],
  ["process", "status"],
  ["process", "status", JOB_ID, "--watch"],
  ["process", "list"],
  ["process", "rejects", UPLOAD_ID],
  ["process", "retry", UPLOAD_ID],
  ["process", "cancel", JOB_ID],
  ["catalog", "rebuild"],
  ["catalog", "info"],
  ["catalog", "partitions"],
  ["search", "--text", "서울"],
  ["sql", "SELECT 1"],
  ["download", "--output", "rows"],
  ["config", "provider", "list"],
  ["config", "provider", "create", "aihub"],
  ["config", "task", "list"],
  ["config", "task", "remove", "ocr"],
  ["assets", "verify"],
  ["doctor"],
];
/** Those that work in a folder only. */
const LOCAL_COMMANDS: string[][] = [["sync", "status", "--to", "trino"], ["token", "list"], ["serve"]];

/** Nearest first. */
const SOURCES = ["flag", "environment", "file", undefined] as const;
type Source = (typeof SOURCES)[number];
/** Nobody listens there. */
const URL = "http://127.0.0.1:9";

const PAIRS = SOURCES.flatMap((lake) => SOURCES.map((server) => ({ lake, server })));

/** What a command says when the lake that it means is not there. */
async function meantLake(argv: string[], lake: Source, server: Source): Promise<string> {
  return withFolder(async (cwd) => {
    const folder = join(cwd, "호수");
    await mkdir(join(cwd, "scans"));
    await writeFile(join(cwd, "scans", "a.jpg"), "no image");
    const configFile = join(cwd, "settings.yaml");
    const lines = [
      ...(lake === "file" ? [`lake: ${folder}`] : []),
      ...(server === "file" ? [`server: ${URL}`] : []),
    ];
    await writeFile(configFile, lines.join("\n"));
    const flags = [
      ...(lake === "flag" ? ["--lake", folder] : []),
      ...(server === "flag" ? ["--server", URL] : []),
    ];
    const env = {
      DATALAKE_CONFIG: configFile,
      ...(lake === "environment" && { DATALAKE_LAKE: folder }),
      ...(server === "environment" && { DATALAKE_SERVER: URL }),
    };
    const words = argv.map((word) => (["scans", "rows"].includes(word) ? join(cwd, word) : word));
    const { exit, stdout, stderr } = await run([...words, ...flags], { env });
    const said = stdout + stderr;
    if (said.includes("exclude each other")) return `both ${exit}`;
    if (said.includes("no lake is given")) return `none ${exit}`;
    if (said.includes("only on the lake's folder")) return `folder only ${exit}`;
    const named = [said.includes(folder) && "folder", said.includes(URL) && "server"];
    return `${named.filter((name) => name !== false).join(" and ")} ${exit}`;
  });
}

function expectedLake(lake: Source, server: Source): string {
  if (lake === "flag" && server === "flag") return "both 2";
  if (lake === undefined && server === undefined) return "none 2";
  return SOURCES.indexOf(lake) <= SOURCES.indexOf(server) ? "folder 4" : "server 6";
}

for (const argv of COMMANDS) {
  test(`${argv.filter((word) => !/[0-9]/.test(word)).join(" ")}`, async () => {
    for (const { lake, server } of PAIRS) {
      const where = `lake by ${lake}, server by ${server}: `;
      const meant = await meantLake(argv, lake, server);
      // A doctor tells what it found of a server that does not answer.
      const told = argv[0] === "doctor" ? meant.replace("server 1", "server 6") : meant;
      expect(where + told).toBe(where + expectedLake(lake, server));
    }
  });
}

for (const argv of LOCAL_COMMANDS) {
  test(`${argv.join(" ")} says that it needs the folder`, async () => {
    for (const { lake, server } of PAIRS) {
      const where = `lake by ${lake}, server by ${server}: `;
      const expected = expectedLake(lake, server).replace("server 6", "folder only 2");
      expect(where + (await meantLake(argv, lake, server))).toBe(where + expected);
    }
  });
}
