import { formatBytes, formatCount, formatDuration, formatQuantity, formatTime } from "../../util/format.ts";
import { defineCommand, defineGroup } from "../arguments/command.ts";
import { renderTable } from "../terminal/table.ts";

const rebuild = defineCommand({
  summary: "Update the catalog from the partitions",
  flags: {
    full: {
      type: "switch",
      description: "Rebuild it from every Parquet file, not only from what changed",
    },
  },
  examples: ["datalake catalog rebuild", "datalake catalog rebuild --full --json"],
  run: async ({ flags }, effects) => {
    const { terminal, signal } = effects;
    const full = flags.full ?? false;
    const bar = terminal.progress("catalog", {});
    let done = 0;
    const onStep = (step: string) => bar.update({ done: done++, label: `catalog: ${step}` });
    const { catalog } = await effects.openClient();
    const result = await catalog.rebuild({ full, signal, onStep }).finally(() => bar.finish());
    terminal.result(result, () => {
      const { generation, rows, partitions, refreshed, removed, duration_ms: durationMs } = result;
      const changes = [
        `${formatQuantity(refreshed, "partition")} loaded`,
        ...(removed > 0 ? [`${formatCount(removed)} removed`] : []),
      ].join(", ");
      return `Catalog generation ${generation}: ${formatQuantity(rows, "row")} in ${formatQuantity(partitions, "partition")} (${changes}, ${formatDuration(durationMs / 1000)}).`;
    });
    for (const { message } of result.failed) terminal.warn(message);
    return result.failed.length === 0 ? 0 : 1;
  },
});

const info = defineCommand({
  summary: "Show the contents of the published catalog",
  flags: {},
  examples: ["datalake catalog info", "datalake catalog info --json"],
  run: async (_, effects) => {
    const { terminal, signal } = effects;
    const found = await (await effects.openClient()).catalog.info(signal);
    terminal.result(found, () =>
      [
        `generation  ${found.generation}`,
        `built at    ${formatTime(found.built_at)}`,
        `rows        ${formatCount(found.rows)}`,
        `partitions  ${formatCount(found.partitions)}`,
        `columns     ${formatCount(found.columns.length)}`,
        ...(found.left_out.length === 0 ? [] : [`left out    ${formatCount(found.left_out.length)}`]),
        `size        ${formatBytes(found.bytes)}`,
        `file        ${found.path}`,
      ].join("\n"),
    );
    for (const { message } of found.left_out) terminal.warn(message);
    return 0;
  },
});

const partitions = defineCommand({
  summary: "List the partitions with their rows and sizes",
  flags: {},
  examples: ["datalake catalog partitions", "datalake catalog partitions --json"],
  run: async (_, effects) => {
    const { terminal, signal } = effects;
    const found = await (await effects.openClient()).catalog.partitions(signal);
    terminal.result({ partitions: found }, () =>
      found.length === 0
        ? "No partitions yet; add data with `datalake upload` and `datalake process start --wait`."
        : renderTable(
            [
              { title: "provider" },
              { title: "dataset" },
              { title: "task" },
              { title: "variant" },
              { title: "rows", align: "right" },
              { title: "size", align: "right" },
              { title: "version", align: "right" },
              { title: "uploaded at" },
              { title: "by" },
              { title: "licence" },
            ],
            found.map((row) => [
              row.provider,
              row.dataset,
              row.task,
              row.variant,
              formatCount(row.rows),
              formatBytes(row.bytes),
              String(row.version),
              formatTime(row.uploaded_at),
              row.uploaded_by,
              row.license,
            ]),
          ),
    );
    return 0;
  },
});

export const catalogCommand = defineGroup({
  summary: "Rebuild the catalog, show its contents",
  subcommands: { rebuild, info, partitions },
});
