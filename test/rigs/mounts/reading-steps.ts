import type { Commands } from "./commands.ts";
import { whileHeld } from "./hold.ts";
import type { Step } from "./writing-steps.ts";

export const readingSteps: Step[] = [
  { name: "downloads by the other mount", run: downloads },
  { name: "doctor by the other mount, right after a job", run: doctorAfterJob, changesRows: true },
  { name: "rebuild --full and doctor under a reader", run: rebuildUnderReader },
  { name: "assets verify --hash", run: verify },
];

async function downloads(commands: Commands): Promise<void> {
  for (const format of ["dataset", "parquet", "arrow"]) {
    const output = `${commands.place.work}/out-${format}`;
    const args = ["download", "--dataset", "영수증", "--task", "raw", "--output", output, "--format", format];
    await commands.datalake("b", [...args, "--json"]);
  }
}

/** What a mount shows may be old; nothing false may be said of it. */
async function doctorAfterJob(commands: Commands): Promise<void> {
  await commands.datalake("b", ["process", "list", "--all", "--json"]);
  await commands.upload("a", "texts-last.jsonl", ["--type", "raw", "--dataset", "방금", "--mode", "create"]);
  await commands.datalake("b", ["process", "list", "--all", "--json"]);
  await commands.datalake("disk", ["process", "start", "--wait", "--json"]);
  await commands.datalake("b", ["process", "status", "--json"]);
  await doctor(commands, "b");
}

async function rebuildUnderReader(commands: Commands): Promise<void> {
  await whileHeld(commands, [`${commands.lake("a")}/catalog.duckdb`], async () => {
    await commands.datalake("a", ["catalog", "rebuild", "--full", "--json"]);
  });
  await doctor(commands, "a");
  await commands.script(`ls ${commands.lake("disk")}/catalog.duckdb`);
}

async function doctor(commands: Commands, side: "a" | "b"): Promise<void> {
  const { stdout } = await commands.datalake(side, ["doctor", "--json"], [0, 1, 3]);
  const { checks } = JSON.parse(stdout) as {
    checks: { name: string; status: string; message: string; advice?: string }[];
  };
  for (const { name, status, message, advice = "" } of checks)
    if (status === "problem" || /chmod|upload .*again/.test(advice))
      commands.wrong(`doctor by ${side} says ${status} of ${name}: ${message}; ${advice}`);
}

async function verify(commands: Commands): Promise<void> {
  await commands.datalake("b", ["assets", "verify", "--hash", "--json"]);
}
