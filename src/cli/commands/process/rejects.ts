import * as v from "valibot";
import { AppError } from "../../../errors.ts";
import { UploadIdSchema } from "../../../schema/names.ts";
import type { RejectList } from "../../../schema/upload-list.ts";
import { formatCount, formatQuantity } from "../../../util/format.ts";
import { defineCommand } from "../../arguments/command.ts";
import { oneLine, renderTable } from "../../terminal/table.ts";

const SHOWN = 100;

export const rejectsCommand = defineCommand({
  summary: "List the rows of an upload that were rejected, and why",
  positionals: ["UPLOAD"],
  flags: {
    limit: { type: "number", placeholder: "N", description: `Maximum number of rows (default: ${SHOWN})` },
  },
  examples: ["datalake process rejects u0197c0ffee0000000000000000000000 --json"],
  run: async ({ flags: { limit = SHOWN }, positionals: [uploadId] }, effects) => {
    if (!v.is(UploadIdSchema, uploadId)) {
      const what = uploadId === undefined ? "no upload is given" : `${uploadId} is not the id of an upload`;
      throw new AppError("usage", `${what}; \`datalake process list\` shows them`);
    }
    if (!(Number.isSafeInteger(limit) && limit >= 0)) {
      throw new AppError("usage", `--limit is a number of rows, not ${limit}`);
    }
    const list = await (await effects.openClient()).uploads.rejects(uploadId, limit);
    effects.terminal.result(list, () => describe(list));
    return 0;
  },
});

function describe({ upload_id: uploadId, rejected, rejects }: RejectList): string {
  if (rejected === 0) return `No row of upload ${uploadId} was rejected.`;
  const rows = rejects.map(({ source_row, source_name, reason }) => [
    // Counted from 1, as whoever looks for it in the input counts.
    formatCount(source_row + 1),
    oneLine(source_name ?? ""),
    oneLine(reason),
  ]);
  const left = rejected - rejects.length;
  return [
    renderTable([{ title: "ROW", align: "right" }, { title: "NAME" }, { title: "REASON" }], rows),
    ...(left > 0 ? [`and ${formatQuantity(left, "more row")}; --limit ${rejected} shows all`] : []),
  ].join("\n");
}
