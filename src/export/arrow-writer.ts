import { join } from "node:path";
import { createFileEncoder } from "../query/arrow/ipc.ts";
import { createOutputFile } from "./output-file.ts";
import type { ExportWriter, WriterOptions } from "./writer.ts";

/** One uncompressed Arrow IPC file, so that readers can map it. */
export async function openArrowWriter({ folder, fileName, schema }: WriterOptions): Promise<ExportWriter> {
  const encoder = createFileEncoder(schema);
  const file = await createOutputFile(join(folder, fileName));
  let rows = 0;
  await file.write(encoder.begin());
  return {
    write: async (batch) => {
      rows += batch.numRows;
      await file.write(encoder.encode(batch));
    },
    finish: async () => {
      await file.write(encoder.end());
      return [{ name: fileName, rows, ...(await file.close()) }];
    },
    abort: async () => {
      await file.close().catch(() => {});
    },
  };
}
