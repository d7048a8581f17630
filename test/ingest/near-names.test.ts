import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { UploadRequest } from "../../src/ingest/upload-plan.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import { type IngestKit, withKit } from "./kit.ts";

const THERE: PartitionKey[] = [
  { provider: "p", dataset: "영수증", task: "raw", variant: "text" },
  { provider: "p", dataset: "receipts_2023", task: "raw", variant: "text" },
  { provider: "p", dataset: "ab", task: "raw", variant: "texts" },
  { provider: "p", dataset: "영수증", task: "ocr", variant: "words" },
];
const LABELS = {
  type: "task",
  dataset: "영수증",
  task: "ocr",
  variant: "words",
  meta: { lang: "ko" },
} as const;

async function withNames(use: (kit: IngestKit, text: string, labels: string) => Promise<void>) {
  await withKit(async (kit) => {
    for (const key of THERE) await mkdir(kit.lake.layout.partition(key), { recursive: true });
    const [text, labels] = [join(kit.folder, "a.jsonl"), join(kit.folder, "b.jsonl")];
    await writeFile(text, '{"text":"a"}\n');
    await writeFile(labels, '{"source_name":"a.png","label":{}}\n');
    await use(kit, text, labels);
  });
}

test("a new name like one that is there is told, not refused", async () => {
  await withNames(async (kit, text, labels) => {
    const told = async (path: string, request: Partial<UploadRequest>) =>
      (await kit.plan(path, request)).notices;
    const notice = (kind: string, name: string, near: string) =>
      `the ${kind} ${name} is new; one of a like name is there: ${near}`;
    expect(await told(text, { dataset: "영수중" })).toEqual([notice("dataset", "영수중", "영수증")]);
    expect(await told(labels, { ...LABELS, variant: "word" })).toEqual([notice("variant", "word", "words")]);
    // One of a series; too short to tell; the same again; a variant that follows from the columns.
    for (const dataset of ["receipts_2024", "영수증2", "ac", "ab", "계약서"])
      expect({ dataset, notices: await told(text, { dataset }) }).toEqual({ dataset, notices: [] });
    expect(await told(text, { dataset: "영수증", mode: "append" })).toEqual([]);
    // Of uploads that wait too, but not of the same name.
    await kit.stage(text, { dataset: "contracts" });
    expect(await told(text, { dataset: "contract" })).toEqual([notice("dataset", "contract", "contracts")]);
    await writeFile(text, '{"text":"b"}\n{"text":"c"}\n');
    expect(await told(text, { dataset: "contracts", mode: "append" })).toEqual([]);
  });
});

test("a name that has to be there is refused with the nearest one", async () => {
  await withNames(async (kit, text, labels) => {
    const refused = (near: string) => ({ code: "not_found", message: expect.stringContaining(near) });
    await expect(kit.plan(text, { provider: "pp" })).rejects.toMatchObject(
      refused("; did you mean p? If not, add it"),
    );
    const task = kit.plan(labels, { ...LABELS, task: "orc" });
    await expect(task).rejects.toMatchObject(refused("; did you mean ocr? If not, add it"));
    const dataset = kit.plan(labels, { ...LABELS, dataset: "영수중" });
    await expect(dataset).rejects.toMatchObject(refused("; did you mean 영수증? If not, upload its images"));
  });
});
