import type { Commands, Side } from "./commands.ts";
import { beside } from "./hold.ts";
import { PAGES, PARALLEL_UPLOADS, type Place } from "./place.ts";
import type { Step } from "./writing-steps.ts";

export const servingSteps: Step[] = [
  { name: "serve on the mount", run: serveOnMount, changesRows: true },
  { name: "ten uploads, a searching reader, serve on the disk", run: splitWork, changesRows: true },
];

/** A search, then an upload, then a search that has to find it: the server holds open what it publishes anew. */
async function serveOnMount(commands: Commands): Promise<void> {
  await whileServed(commands, "a", commands.place.port, async (address) => {
    const search = (dataset: string) => ["search", "--dataset", dataset, "--json", "--server", address];
    await commands.datalake("a", search("영수증"));
    const upload = ["--type", "raw", "--dataset", "서버", "--server", address];
    await commands.upload("a", "more", upload);
    await settle(commands);
    await until(commands, async () => {
      const { code, stdout } = await commands.place.shell.run(commands.line("a", search("서버")));
      return code === 0 && JSON.parse(stdout).row_count === PAGES.more;
    }).catch(async () => {
      await commands.datalake("a", search("서버"));
      commands.wrong("the server does not show the new upload");
    });
  });
  await commands.script(`ls ${commands.lake("disk")}/catalog.duckdb`);
}

/** The server works on its disk, curators upload by both mounts at once, and a reader searches by one of them. */
async function splitWork(commands: Commands): Promise<void> {
  const { place, acknowledged } = commands;
  const search = commands.line("b", ["search", "--dataset", "함께", "--limit", "0", "--json"]);
  const seen = await beside(commands, `${search} 2>&1 | tr '\\n' ' '; exit \${PIPESTATUS[0]}`, async () => {
    await whileServed(commands, "disk", place.port + 1, async () => {
      const uploads = Array.from({ length: PARALLEL_UPLOADS }, async (_, number) => {
        const args = ["--type", "raw", "--dataset", "함께", "--mode", "append"];
        await commands.upload(number % 2 === 0 ? "a" : "b", `parallel-${number}`, args);
      });
      await Promise.all(uploads);
      await settle(commands);
      await until(commands, async () => {
        const { stdout } = await place.shell.run(`grep -c 'job ended' ${serverLog(place, place.port + 1)}`);
        return Number(stdout) > 0;
      });
    });
  });
  await commands.datalake("disk", ["catalog", "rebuild", "--json"]);
  let last = 0;
  for (const line of seen) {
    const code = Number(/exit (\d+)$/.exec(line)?.[1]);
    // 4: the dataset is not there yet.
    if (code !== 0 && code !== 4) commands.wrong(`a search by b beside it: ${line.slice(-600)}`);
    if (code !== 0) continue;
    const count = Number(/"row_count":(\d+)/.exec(line)?.[1]);
    if (count < last) commands.wrong(`a search by b found ${count} rows after ${last}`);
    last = count;
  }
  await until(commands, async () => {
    const { stdout } = await place.shell.run(search);
    return stdout.includes(`"row_count":${PARALLEL_UPLOADS * PAGES.parallel}`);
  }).catch(() => commands.wrong(`b does not come to see the ${acknowledged.length} uploads`));
}

async function whileServed(
  commands: Commands,
  side: Side,
  port: number,
  work: (address: string) => Promise<void>,
): Promise<void> {
  const { place, wrong } = commands;
  const log = serverLog(place, port);
  const line = commands.line(side, ["serve", "--port", String(port), "--auto-process"]);
  const serving = place.shell.run(
    `cd ${place.work}; ${line} > ${log} 2>&1 & echo $! > ${log}.pid; wait`,
    7_200_000,
  );
  const address = `http://127.0.0.1:${port}`;
  try {
    await until(commands, async () => {
      const { code } = await place.shell.run(`exec 8<> /dev/tcp/127.0.0.1/${port}`);
      return code === 0;
    });
    await work(address);
  } finally {
    await place.shell.run(`kill $(cat ${log}.pid)`);
    await Promise.race([serving, Bun.sleep(60_000 * place.slowness)]);
    const { stdout } = await place.shell.run(`kill -0 $(cat ${log}.pid) && echo "does not stop"; cat ${log}`);
    const bad = stdout.split("\n").filter((text) => /does not stop| error |failed/.test(text));
    for (const text of bad) wrong(`the server on ${side} said: ${text.slice(0, 600)}`);
  }
}

function serverLog({ work }: Place, port: number): string {
  return `${work}/serve-${port}`;
}

async function settle(commands: Commands): Promise<void> {
  const staging = `${commands.lake("disk")}/staging`;
  await until(commands, async () => {
    const { stdout } = await commands.place.shell.run(`ls ${staging}/pending ${staging}/processing`);
    return !/^u[0-9a-f]{32}$/m.test(stdout);
  });
}

async function until({ place }: Commands, isDone: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000 * place.slowness;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error("what was waited for does not come");
    await Bun.sleep(300);
  }
}
