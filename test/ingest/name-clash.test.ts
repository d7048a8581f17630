import { describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beginReceiving } from "../../src/ingest/receive.ts";
import { addProvider, addTask } from "../../src/lake/taxonomy-changes.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import { type IngestKit, withKit } from "./kit.ts";

/** Names as version 0.1.0 took them. */
const OLD: PartitionKey[] = [
  { provider: "p", dataset: "Coco", task: "raw", variant: "mixed" },
  { provider: "p", dataset: "coco", task: "raw", variant: "mixed" },
  { provider: "p", dataset: "con", task: "raw", variant: "text" },
  { provider: "p", dataset: "책", task: "ocr", variant: "Words" },
];

async function withOldLake(use: (kit: IngestKit, rows: string) => Promise<void>): Promise<void> {
  await withKit(async (kit) => {
    for (const key of OLD) await mkdir(kit.lake.layout.partition(key), { recursive: true });
    const rows = join(kit.folder, "rows.jsonl");
    await writeFile(rows, '{"text":"a"}\n');
    await use(kit, rows);
  });
}

describe("an upload", () => {
  test("brings no name that differs only in case, or that a mount cannot show", async () => {
    await withOldLake(async (kit, rows) => {
      const clash = (existing: string) => ({ code: "name_clash", details: { existing } });
      await expect(kit.plan(rows, { dataset: "COCO" })).rejects.toMatchObject({ code: "name_clash" });
      await expect(kit.plan(rows, { provider: "P" })).rejects.toMatchObject(clash("p"));
      await expect(kit.plan(rows, { dataset: "aux" })).rejects.toMatchObject({ code: "invalid_name" });
      const labels = { type: "task", dataset: "책", task: "ocr", meta: { lang: "ko" } } as const;
      await expect(kit.plan(rows, { ...labels, variant: "words" })).rejects.toMatchObject(clash("Words"));
      await expect(kit.plan(rows, { ...labels, task: "OCR", variant: "x" })).rejects.toMatchObject(
        clash("ocr"),
      );
      await kit.stage(rows, { dataset: "Straße" });
      const waiting = kit.plan(rows, { dataset: "STRASSE" });
      await expect(waiting).rejects.toMatchObject(clash("Straße"));
      await expect(waiting).rejects.toThrow(/upload u/);
      const stored = kit.lake.layout.datasetAssets({ provider: "p", dataset: "Only-Assets" });
      await mkdir(stored, { recursive: true });
      await expect(kit.plan(rows, { dataset: "only-assets" })).rejects.toThrow(
        "assets/provider=p/dataset=Only-Assets",
      );
    });
  });

  test("is added to names that were there before", async () => {
    await withOldLake(async (kit, rows) => {
      for (const key of OLD.slice(0, 3)) {
        const { manifest } = await kit.stage(rows, { dataset: key.dataset, mode: "append" });
        expect(manifest.dataset).toBe(key.dataset);
      }
    });
  });

  test("is refused through a server, before anything is sent", async () => {
    await withOldLake(async ({ lake }) => {
      const key = { provider: "p", dataset: "COCO", task: "raw", variant: "text" };
      const offer = { identity: "a".repeat(64), key, mode: "append", columns: [], refers_to_raw: false };
      await expect(beginReceiving(lake, offer as never, "kim")).rejects.toMatchObject({ code: "name_clash" });
    });
  });
});

test("no provider or task is added that differs only in case, or that a mount cannot show", async () => {
  await withOldLake(async ({ lake }) => {
    const task = { description: "", required: [], allow: {} };
    const provider = { description: "" };
    for (const name of ["P", "con", "LPT1.x"])
      await expect(addProvider(lake, name, provider)).rejects.toMatchObject({
        code: name === "P" ? "name_clash" : "invalid_name",
      });
    for (const name of ["OCR", "Raw", "nul"])
      await expect(addTask(lake, name, task)).rejects.toMatchObject({
        code: name === "nul" ? "invalid_name" : "name_clash",
      });
  });
});

test("a taxonomy that holds such names is read and added to", async () => {
  await withOldLake(async ({ lake }) => {
    await Bun.write(lake.layout.taxonomy, "providers:\n  Hub: {}\n  hub: {}\n  con: {}\n");
    await addProvider(lake, "other", { description: "" });
    expect(await Bun.file(lake.layout.taxonomy).text()).toContain("  Hub: {}\n  hub: {}\n  con: {}\n");
    await expect(addProvider(lake, "HUB", { description: "" })).rejects.toMatchObject({ code: "name_clash" });
  });
});
