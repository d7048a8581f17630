import { expect, test } from "bun:test";
import { ROW_FORMATS } from "../../../src/query/output/formats.ts";
import { negotiate } from "../../../src/query/output/negotiate.ts";

test.each([
  [undefined, "json"],
  ["", "json"],
  ["*/*", "json"],
  ["application/*", "json"],
  ["text/*", "csv"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"],
  ["TEXT/CSV", "csv"],
  ["text/csv;charset=utf-8", "csv"],
  ["application/json;q=0.2, text/csv;q=0.3", "csv"],
  ["application/json;q=0, */*", "ndjson"],
  ["application/vnd.apache.parquet", "parquet"],
  ["application/x-parquet", "parquet"],
  ["application/x-ndjson, application/json", "json"],
  ["application/vnd.apache.arrow.stream;q=1.0, */*;q=0.01", "arrow"],
] as const)("%s is answered as %s", (accept, format) => {
  expect(negotiate(accept)).toBe(format);
});

test.each([["image/png"], ["text/html"], ["application/json;q=0"], ["application/json;q=2"], ["nonsense"]])(
  "%s cannot be answered",
  (accept) => {
    let code: unknown;
    try {
      negotiate(accept);
    } catch (error) {
      code = (error as { code: string }).code;
    }
    expect(code).toBe("not_acceptable");
  },
);

test("every format can be asked for by a media type of its own", async () => {
  const { mediaTypes } = await import("../../../src/query/output/formats.ts");
  for (const format of ROW_FORMATS)
    for (const type of mediaTypes(format)) expect(negotiate(type)).toBe(format);
});
