import { expect, test } from "bun:test";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { localDestination } from "../../src/ingest/local-destination.ts";
import { planUpload } from "../../src/ingest/plan.ts";
import { RAW, withKit } from "./kit.ts";

test("an append is planned where the partition's names cannot be read", async () => {
  await withKit(async (kit) => {
    const path = join(kit.folder, "a.jpg");
    await Bun.write(path, "\xff\xd8\xff a page");
    const planWith = async (heldNames: () => Promise<string[]>) => {
      const target = localDestination(kit.lake, { heldNames });
      const deps = { target, database: kit.session.database };
      return planUpload({ ...RAW, mode: "append" }, await kit.session.open(path), deps);
    };
    const { notices } = await planWith(async () => ["a.jpg"]);
    expect(notices).toEqual([expect.stringContaining("1 of 1 row is of pages, by name")]);
    expect((await planWith(() => Promise.reject(new AppError("corrupt", "damaged")))).notices).toEqual([]);
    expect(planWith(() => Promise.reject(new AppError("cancelled", "left")))).rejects.toThrow("left");
  });
});
