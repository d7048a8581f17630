import { AppError } from "../../../errors.ts";
import type { RemovedUpload } from "../../../schema/catalog-documents.ts";
import type { ListedUpload } from "../../../schema/upload-list.ts";
import { formatQuantity } from "../../../util/format.ts";
import { defineCommand, type Effects } from "../../arguments/command.ts";

export const removeCommand = defineCommand({
  summary: "Take back an upload that is pending or has failed; nothing of it is stored",
  positionals: ["[UPLOAD]"],
  flags: {},
  examples: ["datalake process remove u0197c0ffee0000000000000000000000"],
  run: async ({ positionals }, effects) => {
    const { terminal } = effects;
    const uploadId = positionals[0] ?? (await chooseUpload(effects));
    if (terminal.interactive && !(await terminal.confirm(`Remove the upload ${uploadId}?`, false)))
      throw new AppError("cancelled", `the upload ${uploadId} was kept; nothing was changed`);
    const removed = await (await effects.openClient()).uploads.remove(uploadId);
    terminal.result(
      removed,
      () => `Removed the upload ${uploadId}${describe(removed)}; nothing of it was stored.`,
    );
    return 0;
  },
});

async function chooseUpload({ terminal, openClient }: Effects): Promise<string> {
  if (!terminal.interactive) throw new AppError("usage", "no upload is given; write `process remove UPLOAD`");
  const { uploads } = await (await openClient()).uploads.list({ all: false, completed: 0 });
  const choices = uploads
    .filter(({ status }) => status === "pending" || status === "failed")
    .map((upload) => ({
      value: upload.upload_id,
      label: upload.upload_id,
      hint: `${upload.status}${describe(upload)}`,
    }));
  if (choices.length === 0) throw new AppError("not_found", "no upload of yours is pending or has failed");
  return terminal.select("Which upload?", choices);
}

function describe(
  upload: Pick<ListedUpload | RemovedUpload, "rows" | "provider" | "dataset" | "task" | "variant">,
): string {
  const { rows, provider, dataset, task, variant } = upload;
  return rows === null
    ? ""
    : `, ${formatQuantity(rows, "row")} for ${[provider, dataset, task, variant].join("/")}`;
}
