import { expect, test } from "bun:test";
import { EXPORT_FORMATS } from "../../src/export/formats.ts";
import {
  downloadCommand,
  pythonText,
  quoteShell,
  ROW_FORMATS,
  rowsSql,
} from "../../src/web/screens/take/commands.ts";
import { readShares } from "../../src/web/screens/take/split.ts";

const WISHES = {
  server: "http://nas:8091",
  format: "coco",
  split: "train=0.9,val=0.1",
  output: "내 것",
  needsToken: false,
};
const SELECTION = {
  providers: [],
  datasets: ["영수증"],
  tasks: ["ocr"],
  variants: [],
  text: `it's $HOME`,
  column: "",
  json_path: "$.words",
  ignore_case: true,
};

test("the command says what is selected, with words that a shell leaves as they are", async () => {
  const command = downloadCommand(SELECTION, WISHES);
  const shell = Bun.spawn(["sh", "-c", command.replace("datalake", 'printf "%s\\n"')]);
  expect((await new Response(shell.stdout).text()).trimEnd().split("\n")).toEqual([
    ...["download", "--server", "http://nas:8091", "--dataset", "영수증", "--task", "ocr"],
    ...["--text", "it's $HOME", "--ignore-case", "--format", "coco"],
    ...["--split", "train=0.9,val=0.1", "--output", "내 것"],
  ]);
});

test("a format of rows is not split, and a file has its ending", () => {
  const command = downloadCommand(SELECTION, { ...WISHES, format: "parquet", output: "x" });
  expect(command).not.toContain("--split");
  expect(command).toContain("--output x.parquet");
  const ofRows = EXPORT_FORMATS.filter((format) => !("openSamples" in format)).map(
    ({ name }) => name as string,
  );
  expect([...ROW_FORMATS].sort()).toEqual(ofRows.sort());
});

test("words and strings are quoted where they have to be", () => {
  expect(quoteShell("영수증_1.jpg")).toBe("영수증_1.jpg");
  expect(quoteShell("a b")).toBe("'a b'");
  expect(quoteShell("")).toBe("''");
  expect(pythonText('a "b"\n')).toBe('"a \\"b\\"\\n"');
});

test("rows are named by their upload and place in it", () => {
  const keys = ["p/%EA%B0%80/ocr/v1/u0/3", "p/d/ocr/v1/u0/4", "p/d/ocr/v1/u'1/0"];
  expect(rowsSql(keys)).toBe(
    "SELECT * FROM catalog WHERE (upload_id = 'u0' AND source_row IN (3, 4)) OR (upload_id = 'u''1' AND source_row IN (0))",
  );
});

test("shares add up to 1, or are none", () => {
  expect(readShares("train=0.9, val=0.1")).toEqual({ train: 0.9, val: 0.1 });
  for (const wrong of ["train=0.9", "train=2,val=-1", "train", "a=0.5,a=0.5", "a b=1"]) {
    expect(readShares(wrong)).toBeUndefined();
  }
});
