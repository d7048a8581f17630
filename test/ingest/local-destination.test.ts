import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { executeUpload } from "../../src/ingest/execute.ts";
import { localDestination } from "../../src/ingest/local-destination.ts";
import { withKit } from "./kit.ts";

test("one target takes several uploads, each under its own id", async () => {
  await withKit(async (kit) => {
    const target = localDestination(kit.lake);
    const { database } = kit.session;
    const path = join(kit.folder, "rows.jsonl");
    await writeFile(path, '{"n":1}\n');
    const ids = new Set<string>();
    for (const dataset of ["a", "b"]) {
      const plan = await kit.plan(path, { dataset });
      const options = { target, database, workingFolder: undefined, maxBytes: 1000 };
      ids.add((await executeUpload(plan, options)).upload_id);
    }
    expect(ids.size).toBe(2);
  });
});
