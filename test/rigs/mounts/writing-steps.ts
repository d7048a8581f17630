import type { Commands, Side } from "./commands.ts";
import { beside, whileHeld } from "./hold.ts";

export interface Step {
  name: string;
  run(commands: Commands): Promise<void>;
  /** Whether the rows on the disk are counted after it. */
  changesRows?: boolean;
}

const ALLOWED = "lang: [ ko, en ]";

export const writingSteps: Step[] = [
  { name: "control: a rename over an open file", run: renameOverOpen },
  { name: "init", run: init },
  { name: "four config commands at once", run: configAtOnce },
  { name: "config while an editor holds schema.yaml", run: configUnderEditor },
  { name: "uploads, labels and a job", run: firstJob, changesRows: true },
  { name: "append by the other mount", run: append, changesRows: true },
  { name: "replace under an open reader", run: replaceUnderReader, changesRows: true },
  { name: "compaction under an open reader", run: compactUnderReader, changesRows: true },
  { name: "publish under an open reader", run: publishUnderReader, changesRows: true },
  { name: "a job while a monitor reads its record", run: jobUnderMonitor, changesRows: true },
  { name: "kills and take-over by the other mount", run: kills, changesRows: true },
];

const RAW = (dataset: string, mode: string) => ["--type", "raw", "--dataset", dataset, "--mode", mode];
const STALE_ROUNDS = 3;
const STALE_MS = 11_000;
const JOB = ["process", "start", "--wait", "--json"];

/**
 * Runs jobs until nothing is pending: a mount may show for a while what was, as its kind allows, and an upload that is
 * not seen yet is no fault. One that is never seen is found by the count of rows.
 */
async function work(commands: Commands, side: Side): Promise<void> {
  for (let round = 0; round < STALE_ROUNDS; round++) {
    await commands.datalake(side, JOB);
    const { stdout } = await commands.place.shell.run(
      `ls ${commands.lake("disk")}/staging/{pending,processing}`,
    );
    if (!/^u[0-9a-f]{32}$/m.test(stdout)) return;
    await Bun.sleep(STALE_MS);
  }
}

/** Shows the trap that the product has to go around: on SMB the rename is refused, and the target is deleted. */
async function renameOverOpen({ place, wrong }: Commands): Promise<void> {
  const folder = `${place.a}/control`;
  const { stdout } = await place.shell.run(
    `mkdir ${folder}; echo old > ${folder}/target; echo new > ${folder}/fresh; sleep 1
    exec 8< ${folder}/target; dd bs=1 count=1 status=none <&8 > /dev/null
    mv -T ${folder}/fresh ${folder}/target 2> /dev/null; echo "mv ended with $?"
    exec 8<&-; sleep 3; echo "target holds $(cat ${place.disk}/control/target 2> /dev/null)"`,
  );
  const isTrap = stdout.includes("mv ended with 1") && stdout.trimEnd().endsWith("target holds");
  if (isTrap !== place.isSmb) wrong(`the mount has another nature: ${stdout}`);
}

async function init(commands: Commands): Promise<void> {
  await commands.datalake("a", ["init"]);
  await commands.datalake("a", ["config", "provider", "create", "aihub"]);
  const task = ["config", "task", "create", "ocr", "--required", "lang", "--allow", "lang=ko,en"];
  await commands.datalake("b", task);
  await expectSchema(commands, ["aihub", "ocr", ALLOWED]);
}

async function configAtOnce(commands: Commands): Promise<void> {
  // 5: another is at it, and took longer than the command waits; a person tries again.
  const line = (side: "a" | "b", name: string) => `(
      for round in 1 2 3 4 5; do
        told=$(${commands.line(side, ["config", "provider", "create", name])} 2>&1) && exit
        code=$?
        [ $code = 5 ] || break
      done
      echo "${name} by ${side} ended with $code: $told"
    ) &`;
  const names = ["first", "second", "third", "fourth"];
  const lines = names.map((name, at) => line(at % 2 === 0 ? "a" : "b", name));
  const told = await commands.script(`exec 2>&1\n${lines.join("\n")}\nwait`);
  if (told.includes("ended with")) commands.wrong(told.trim());
  await expectSchema(commands, ["aihub", ...names, ALLOWED]);
}

async function configUnderEditor(commands: Commands): Promise<void> {
  const task = ["config", "task", "create", "vqa", "--required", "source"];
  await whileHeld(commands, [`${commands.lake("a")}/config/schema.yaml`], async () => {
    await commands.datalake("a", task);
  });
  await commands.datalake("a", ["config", "provider", "create", "after-editor"]);
  await expectSchema(commands, ["aihub", "vqa", "after-editor", ALLOWED]);
}

async function expectSchema(commands: Commands, words: string[]): Promise<void> {
  const text = await commands.script(`sleep 1; cat ${commands.lake("disk")}/config/schema.yaml`);
  const missing = words.filter((word) => !text.replace(/\s+/g, " ").includes(word));
  if (missing.length > 0) commands.wrong(`schema.yaml has lost ${missing.join(", ")}: ${text}`);
}

async function firstJob(commands: Commands): Promise<void> {
  await commands.upload("a", "pages", RAW("영수증", "create"));
  await commands.upload("b", "texts.jsonl", RAW("글", "create"));
  const labels = ["--type", "task", "--dataset", "영수증", "--task", "ocr", "--variant", "words"];
  await commands.upload("b", "labels.jsonl", [...labels, "--meta", "lang=ko"]);
  await work(commands, "a");
}

async function append(commands: Commands): Promise<void> {
  await commands.upload("b", "more", RAW("영수증", "append"));
  await work(commands, "b");
}

function partitionFiles(commands: Commands, dataset: string): string {
  return `${commands.lake("a")}/catalog/provider=aihub/dataset=${dataset}/task=raw/*/*.parquet`;
}

async function replaceUnderReader(commands: Commands): Promise<void> {
  await whileHeld(commands, [partitionFiles(commands, "글")], async () => {
    await commands.upload("a", "texts-new.jsonl", RAW("글", "replace"));
    await work(commands, "a");
  });
}

/** The rows that come are more than those there: the job makes one file of them. */
async function compactUnderReader(commands: Commands): Promise<void> {
  await whileHeld(commands, [partitionFiles(commands, "글")], async () => {
    await commands.upload("a", "texts-long.jsonl", RAW("글", "append"));
    await work(commands, "a");
  });
  const files = await commands.script(
    `ls ${commands.lake("disk")}/catalog/provider=aihub/dataset=글/task=raw/variant=text`,
  );
  if (/data-\d+\.parquet/.test(files)) await work(commands, "a");
}

async function publishUnderReader(commands: Commands): Promise<void> {
  await whileHeld(commands, [`${commands.lake("a")}/catalog.duckdb`], async () => {
    await commands.upload("b", "texts-last.jsonl", RAW("글", "append"));
    await work(commands, "a");
    await commands.datalake("a", ["catalog", "rebuild", "--full", "--json"]);
  });
}

async function jobUnderMonitor(commands: Commands): Promise<void> {
  await commands.upload("a", "texts-last.jsonl", RAW("보다", "create"));
  const look = `for record in ${commands.lake("a")}/jobs/*.json; do cat "$record" - < <(sleep 0.2) > ${commands.place.work}/seen; done 2> /dev/null`;
  await beside(commands, look, async () => {
    await work(commands, "a");
  });
}

/** Killed at later and later moments; the other mount takes over what is left. */
async function kills(commands: Commands): Promise<void> {
  const { slowness } = commands.place;
  for (let number = 0; number < 3; number++) {
    await commands.upload("a", `kill-${number}`, RAW("죽음", "append"));
    const seconds = ((0.5 + 0.4 * number) * slowness).toFixed(1);
    await commands.script(`timeout -s KILL ${seconds} ${commands.line("a", JOB)} > /dev/null 2>&1; true`);
  }
  await work(commands, "b");
}
