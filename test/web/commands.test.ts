import { expect, test } from "bun:test";
import { EXPORT_FORMATS } from "../../src/export/formats.ts";
import { parseValue } from "../../src/schema/check.ts";
import { MAX_ROW_KEYS, RowKeysSchema } from "../../src/schema/row-key.ts";
import {
  downloadCommand,
  keysText,
  PROMPT_FORMATS,
  pythonText,
  quoteShell,
  ROW_FORMATS,
} from "../../src/web/screens/take/commands.ts";
import { pythonLines } from "../../src/web/screens/take/python-lines.ts";
import { readShares, selectionOfKeys, suggestShares } from "../../src/web/screens/take/split.ts";
import { MAX_CHOSEN } from "../../src/web/state/choice.ts";
import { en } from "../../src/web/texts/en.ts";
import { ko } from "../../src/web/texts/ko.ts";

const WISHES = {
  server: "http://nas:8091",
  format: "coco",
  split: "train=0.9,val=0.1",
  prompt: "ocr-ko",
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
  each_word: true,
  where: ["lang=ko", "image.pixels=1000000.."],
};

test("the command says what is selected, with words that a shell leaves as they are", async () => {
  const command = downloadCommand({ selection: SELECTION }, WISHES);
  const shell = Bun.spawn(["sh", "-c", command.replace("datalake", 'printf "%s\\n"')]);
  expect((await new Response(shell.stdout).text()).trimEnd().split("\n")).toEqual([
    ...["download", "--server", "http://nas:8091", "--dataset", "영수증", "--task", "ocr"],
    ...["--text", "it's $HOME", "--ignore-case", "--each-word"],
    ...["--where", "lang=ko", "--where", "image.pixels=1000000..", "--format", "coco"],
    ...["--split", "train=0.9,val=0.1", "--output", "내 것"],
  ]);
});

test("a format of rows is not split, and a file has its ending", () => {
  const command = downloadCommand({ selection: SELECTION }, { ...WISHES, format: "parquet", output: "x" });
  expect(command).not.toContain("--split");
  expect(command).toContain("--output x.parquet");
  const ofRows = EXPORT_FORMATS.filter((format) => !("openSamples" in format)).map(
    ({ name }) => name as string,
  );
  expect([...ROW_FORMATS].sort()).toEqual(ofRows.sort());
  const ofPrompts = EXPORT_FORMATS.filter((format) => "hasPrompts" in format).map(
    ({ name }) => name as string,
  );
  expect([...PROMPT_FORMATS].sort()).toEqual(ofPrompts.sort());
});

test("the lines in Python open what each format writes, which is said in both languages", () => {
  for (const format of EXPORT_FORMATS) {
    const lines = pythonLines(format.name, "내 것", "검증");
    expect(lines).toContain(`"내 것${"ending" in format ? format.ending : ""}`);
    expect(lines).not.toContain("manifest");
    for (const { taking } of [en, ko]) expect(taking.formats[format.name]).toBeString();
  }
  expect(pythonLines("new", "set")).toContain('"set/.datalake/manifest.json"');
});

test("words and strings are quoted where they have to be", () => {
  expect(quoteShell("영수증_1.jpg")).toBe("영수증_1.jpg");
  expect(quoteShell("a b")).toBe("'a b'");
  expect(quoteShell("")).toBe("''");
  expect(pythonText('a "b"\n')).toBe('"a \\"b\\"\\n"');
});

const KEYS = ["p/%EC%98%81%EC%88%98%EC%A6%9D/ocr/v1/u0/3", "p/d/ocr/v1/u0/4"];

test("single rows are written behind the command, or in a file that it reads", async () => {
  const command = downloadCommand({ keys: KEYS }, { ...WISHES, format: "ms-swift", output: "x" });
  const shell = Bun.spawn(["sh", "-c", `datalake() { cat; printf '%s ' "$@"; }; ${command}`]);
  expect((await new Response(shell.stdout).text()).trimEnd()).toBe(
    "p/영수증/ocr/v1/u0/3\np/d/ocr/v1/u0/4\ndownload --server http://nas:8091 --rows /dev/stdin " +
      "--format ms-swift --split train=0.9,val=0.1 --prompt ocr-ko --output x",
  );
  const many = Array.from({ length: 61 }, (_, row) => `p/d/ocr/v1/u0/${row}`);
  expect(downloadCommand({ keys: many }, WISHES)).toMatch(/--rows rows\.txt/);
  expect(keysText(many).split("\n").length).toBe(62);
  const checked = parseValue(
    RowKeysSchema,
    keysText(KEYS)
      .trim()
      .split("\n")
      .map((key) => key.replace("u0", `u${"0".repeat(32)}`)),
  );
  expect(checked).toEqual(KEYS.map((key) => key.replace("u0", `u${"0".repeat(32)}`)));
  expect(MAX_CHOSEN).toBe(MAX_ROW_KEYS);
});

test("shares add up to 1, or are none", () => {
  expect(readShares("train=0.9, val=0.1")).toEqual({ train: 0.9, val: 0.1 });
  for (const wrong of ["train=0.9", "train=2,val=-1", "train", "a=0.5,a=0.5", "a b=1"]) {
    expect(readShares(wrong)).toBeUndefined();
  }
});

test("shares are suggested where it is known that rows have no split of their own", () => {
  expect(suggestShares({ bars: [{ name: "format", bars: [] }] })).toBe("train=0.9,val=0.1");
  expect(suggestShares({ bars: [{ name: "split", bars: [{ value: "val", rows: 3 }] }] })).toBe("");
  expect(suggestShares(undefined)).toBe("");
  const keys = ["hub/%EC%98%81/ocr/v1/u0/1", "hub/%EC%98%81/ocr/v2/u0/2"];
  const { providers, datasets, tasks, variants, where } = selectionOfKeys(keys);
  expect({ providers, datasets, tasks, variants, where }).toEqual({
    ...{ providers: ["hub"], datasets: ["영"], tasks: ["ocr"], variants: ["v1", "v2"], where: [] },
  });
});
