import { expect, test } from "bun:test";
import { existingPartitions } from "../../src/web/screens/work/existing-partitions.ts";

const partition = (dataset: string, task: string, variant: string) => ({
  ...{ provider: "hub", dataset, task, variant, rows: 1 },
  ...{ bytes: 1, version: 1, uploaded_by: "", uploaded_at: null, license: "" },
});
const PARTITIONS = [partition("receipts", "raw", "image"), partition("receipts", "ocr", "gold")];
const ANSWERS = {
  ...{ type: "task" as const, provider: "hub", dataset: "receipts", task: "ocr", variant: "gold" },
  ...{ mode: "create" as const, meta: {}, license: "", maxRejects: "" },
  ...{ splitPages: false, textLayer: false, splitFromFolder: false },
};

test("a form says before it is sent that what it creates exists", () => {
  const existing = (change: object) => existingPartitions({ ...ANSWERS, ...change }, PARTITIONS);
  expect(existing({})).toEqual(["hub/receipts/ocr/gold"]);
  expect(existing({ dataset: " receipts " })).toEqual(["hub/receipts/ocr/gold"]);
  expect(existing({ type: "raw" })).toEqual(["hub/receipts/raw/image"]);
  expect([existing({ mode: "append" }), existing({ variant: "v1" }), existing({ provider: "x" })]).toEqual([
    ...[[], [], []],
  ]);
});
