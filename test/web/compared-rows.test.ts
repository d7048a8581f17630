import { expect, test } from "bun:test";
import { comparedRows } from "../../src/web/screens/page/compared-rows.ts";

const row = (task: string, variant: string, at: number, source_name = "a.jpg") => ({
  ...{ key: `${task}/${variant}/${at}`, provider: "hub", dataset: "x", task, variant },
  ...{ upload_id: "u0", source_row: at, source_name },
});

test("each other variant of the task is there once, by the row of the same name", () => {
  const others = [
    ...[row("raw", "image", 0), row("ocr", "v1", 5), row("ocr", "v2", 0, "b.jpg"), row("ocr", "v2", 1)],
    ...[row("ocr", "v3", 0, "b.jpg"), row("ocr", "v3", 1, "c.jpg"), row("layout", "v4", 0)],
  ];
  const keys = (task: string) =>
    comparedRows({ others, task, variant: "v1", source_name: "a.jpg" }).map(({ key }) => key);
  expect(keys("ocr")).toEqual(["ocr/v2/1", "ocr/v3/0"]);
  expect(keys("raw")).toEqual([]);
});
