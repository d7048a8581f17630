import { expect, test } from "bun:test";
import { parseValue } from "../../src/schema/check.ts";
import { LabelCheckSummarySchema } from "../../src/schema/label-check.ts";

test("the summary of an earlier server, which names no partitions without labels, is read", () => {
  const counts = { rows: 2, labels: 2, fitting: 2, regions: 4, questions: 0, unreadable: 0, skipped: 0 };
  const earlier = { generation: 1, partitions: 1, without_view: [], ...counts, faults: {}, duration_ms: 5 };
  expect(parseValue(LabelCheckSummarySchema, earlier)).toEqual({ ...earlier, without_labels: [] });
});
