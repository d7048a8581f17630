/** SQL through the binary alone: it starts itself again for the process of a query. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../server/server-kit.ts";
import { builtBinary, runBinary } from "./binary.ts";
import { makeLake } from "./lake.ts";

setDefaultTimeout(120_000);

let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-sql-"));
  env = { HOME: join(folder, "home"), LANG: "C.UTF-8" };
  env.DATALAKE_LAKE = await makeLake(folder, 4, env);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const COUNT = "SELECT dataset, count(*) AS pages FROM catalog GROUP BY ALL";

test("one SELECT is answered, anything else refused", async () => {
  const { code, stdout, stderr } = await runBinary(["sql", COUNT, "--json"], { cwd: folder, env });
  expect({ code, stderr: stderr.replace(/[\d,]+ ms/, "? ms") }).toEqual({ code: 0, stderr: "1 row, ? ms\n" });
  expect(JSON.parse(stdout)).toMatchObject({ engine: "duckdb", rows: [{ dataset: "pages", pages: 4 }] });
  const refused = await runBinary(["sql", "DROP TABLE catalog", "--json"], { cwd: folder, env });
  expect([refused.code, JSON.parse(refused.stdout).error.code]).toEqual([2, "invalid_sql"]);
  const limited = { ...env, DATALAKE_SQL_TIMEOUT_S: "1" };
  const burning = await runBinary(["sql", "SELECT sleep_ms(60000)", "--json"], { cwd: folder, env: limited });
  expect([burning.code, JSON.parse(burning.stdout).error.code]).toEqual([1, "timeout"]);
});

test("Ctrl-C ends the query and its process", async () => {
  const child = Bun.spawn([await builtBinary(), "sql", "SELECT sleep_ms(60000)"], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const children = Bun.file(`/proc/${child.pid}/task/${child.pid}/children`);
  let query = "";
  while (query === "") query = (await children.text()).trim();
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  await endOf(query);
});

test("a killed parent takes the query's process with it", async () => {
  const child = Bun.spawn([await builtBinary(), "sql", "SELECT sleep_ms(60000)"], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const children = Bun.file(`/proc/${child.pid}/task/${child.pid}/children`);
  let query = "";
  while (query === "") query = (await children.text()).trim();
  child.kill("SIGKILL");
  await child.exited;
  await endOf(query);
});

/** Waits for the end of a process, which nobody may be there to collect. */
async function endOf(pid: string): Promise<void> {
  await until(async () => {
    const stat = await Bun.file(`/proc/${pid}/stat`)
      .text()
      .catch(() => "");
    return stat === "" || / Z /.test(stat);
  });
}
