import { AppError } from "../../errors.ts";
import { acquireLease } from "../../lake/lease.ts";
import { formatPartition } from "../../schema/partition.ts";
import type { SyncTarget } from "../../sync/model.ts";
import type { SyncPlan } from "../../sync/plan.ts";
import { parseDuration } from "../../util/duration.ts";
import { formatBytes, formatQuantity, formatTime } from "../../util/format.ts";
import { defineCommand, type Effects } from "../arguments/command.ts";

export const syncCommand = defineCommand({
  summary: "Update the copy of the lake for Athena or Trino",
  positionals: ["[status]"],
  flags: {
    to: {
      type: "text",
      placeholder: "TARGET",
      values: ["athena", "trino"],
      description: "AWS Athena over S3, or your own Trino (over S3, or trino.location)",
    },
    assets: { type: "switch", description: "Also send images and files" },
    dryRun: { type: "switch", description: "Only print what would be done" },
    grace: {
      type: "text",
      placeholder: "TIME",
      description: "How long replaced files are kept for running queries (default: 24h)",
    },
  },
  examples: [
    "datalake sync --to athena --dry-run",
    "datalake sync --to athena --assets",
    "datalake sync status --to trino",
  ],
  run: async ({ flags, positionals }, effects) => {
    const [word, ...more] = positionals;
    if ((word !== undefined && word !== "status") || more.length > 0) {
      throw new AppError("usage", `\`datalake sync\` expects status or nothing, not ${JSON.stringify(word)}`);
    }
    const graceMs = parseGrace(flags.grace ?? "24h");
    const { terminal, settings, signal } = effects;
    const target = (flags.to as SyncTarget | undefined) ?? (await askTarget(effects));
    const lake = await effects.openLake();
    const { openSync } = await import("../../sync/open.ts");
    if (word === "status") {
      const sync = await openSync(lake, settings, target);
      try {
        return showStatus(
          target,
          sync.manifest?.synced_at,
          sync.plan({ graceMs, nowMs: Date.now(), assets: flags.assets ?? false }),
          effects,
        );
      } finally {
        sync.close();
      }
    }
    const lease = await acquireLease(lake.layout.syncLease, { purpose: `a sync to ${target}` });
    try {
      const sync = await openSync(lake, settings, target);
      try {
        const nowMs = Date.now();
        const plan = sync.plan({ graceMs, nowMs, assets: flags.assets ?? false });
        for (const name of plan.table.leftOut) {
          terminal.warn(
            `the column ${name} is left out: its type differs between partitions, and nothing is copied`,
          );
        }
        if (flags.dryRun ?? false) return showPlan(plan, await sync.estimate(plan), effects);
        const bar = terminal.progress("sync", { unit: "files" });
        const result = await sync
          .execute(plan, {
            nowMs,
            signal,
            confirm: lease.confirm,
            onProgress: (state) => bar.update(state),
          })
          .finally(() => bar.finish());
        await effects.audit(`${target}: generation ${result.generation}`);
        terminal.result(result, () =>
          plan.upToDate
            ? `${target} is up to date (generation ${plan.generation}).`
            : `${target} has generation ${result.generation}: ${formatQuantity(result.partitions, "partition")}, ${formatQuantity(result.objects, "file")} (${formatBytes(result.bytes)}) and ${formatQuantity(result.assets, "asset")} sent, ${formatQuantity(result.statements, "statement")}.`,
        );
        return 0;
      } finally {
        sync.close();
      }
    } finally {
      await lease.release();
    }
  },
});

async function askTarget({ terminal }: Effects): Promise<SyncTarget> {
  if (!terminal.interactive) throw new AppError("usage", "--to is missing: athena or trino");
  return terminal.select<SyncTarget>("Where to?", [
    { value: "athena", label: "athena", hint: "AWS Athena, over S3" },
    { value: "trino", label: "trino", hint: "your own Trino" },
  ]);
}

function parseGrace(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return durationMs;
  throw new AppError("usage", `--grace is a time such as 24h, 30m or 0, not ${JSON.stringify(text)}`);
}

function countsOf(plan: SyncPlan) {
  return {
    target: plan.target,
    generation: plan.generation,
    up_to_date: plan.upToDate,
    files: plan.transfers.length,
    rewritten: plan.transfers.filter(({ casts }) => casts.length > 0).length,
    files_with_assets: plan.assetSources.length,
    new_table: plan.table.isNew,
    columns_added: plan.table.addColumns.map(({ name }) => name),
    partitions_added: plan.adds.length,
    partitions_moved: plan.moves.length,
    partitions_dropped: plan.drops.length,
    folders_removed: plan.removes.length,
  };
}

function showPlan(
  plan: SyncPlan,
  cost: { bytes: number; statements: number },
  { terminal }: Effects,
): number {
  const counts = { ...countsOf(plan), ...cost };
  terminal.result(counts, () =>
    [
      `Would bring ${plan.target} to generation ${plan.generation}:`,
      `  ${formatQuantity(counts.files, "file")} (${formatBytes(cost.bytes)}) sent, ${counts.rewritten} of them in other types; ${formatQuantity(cost.statements, "statement")}`,
      `  ${counts.new_table ? "a new table, " : ""}${formatQuantity(counts.partitions_added, "partition")} added, ${counts.partitions_moved} moved to a new base, ${counts.partitions_dropped} dropped`,
      `  ${formatQuantity(counts.columns_added.length, "column")} added, ${formatQuantity(counts.folders_removed, "folder")} removed`,
    ].join("\n"),
  );
  return 0;
}

function showStatus(
  target: SyncTarget,
  syncedAt: string | undefined,
  plan: SyncPlan,
  { terminal }: Effects,
): number {
  const touched = [...plan.adds, ...plan.moves, ...plan.resets].map(({ key }) => key);
  const changed = new Set(
    [...touched, ...plan.transfers.map(({ partition }) => partition)].map(formatPartition),
  );
  const document = {
    ...countsOf(plan),
    synced_at: syncedAt ?? null,
    partitions_behind: changed.size + plan.drops.length,
  };
  terminal.result(document, () => {
    if (syncedAt === undefined) return `${target} was never synced; run \`datalake sync --to ${target}\`.`;
    const last = `last synced ${formatTime(syncedAt)}`;
    if (plan.upToDate) return `${target} is up to date (generation ${plan.generation}, ${last}).`;
    return `${target} is behind by ${formatQuantity(document.partitions_behind, "partition")} (${last}); run \`datalake sync --to ${target}\`.`;
  });
  return 0;
}
