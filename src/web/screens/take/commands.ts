import type { RowSelection } from "../../state/selection.ts";

/** Formats of rows as they are; all others are made of samples and can be split. */
export const ROW_FORMATS: readonly string[] = ["dataset", "arrow", "parquet"];

export interface TakeWishes {
  /** `http://nas:8091` */
  server: string;
  format: string;
  /** `train=0.9,val=0.1`; empty without. */
  split: string;
  output: string;
  needsToken: boolean;
}

/** The command that downloads what is selected, for a POSIX shell. */
export function downloadCommand(
  selection: RowSelection,
  { server, format, split, output, needsToken }: TakeWishes,
): string {
  const flags: [string, string?][] = [
    ["--server", server],
    ...selection.providers.map((name): [string, string] => ["--provider", name]),
    ...selection.datasets.map((name): [string, string] => ["--dataset", name]),
    ...selection.tasks.map((name): [string, string] => ["--task", name]),
    ...selection.variants.map((name): [string, string] => ["--variant", name]),
    ...given("--text", selection.text),
    ...given("--column", selection.column),
    ...(selection.column === "" ? [] : given("--json-path", selection.json_path)),
    ...(selection.text !== "" && selection.ignore_case ? [["--ignore-case"] as [string]] : []),
    ["--format", format],
    ...(ROW_FORMATS.includes(format) ? [] : given("--split", split)),
    ["--output", outputName(format, output)],
  ];
  const words = flags.map(([name, value]) => (value === undefined ? name : `${name} ${quoteShell(value)}`));
  const token = needsToken ? "DATALAKE_TOKEN=... " : "";
  return `${token}datalake download ${words.join(" \\\n  ")}`;
}

/** A table of single rows, by SQL. */
export function rowsCommand(keys: readonly string[], { server, output, needsToken }: TakeWishes): string {
  const token = needsToken ? "DATALAKE_TOKEN=... " : "";
  return `${token}datalake sql --server ${quoteShell(server)} \\\n  ${quoteShell(rowsSql(keys))} \\\n  --format csv > ${quoteShell(`${output}.csv`)}`;
}

/** SQL for rows by their keys: `provider/dataset/task/variant/upload_id/source_row`. */
export function rowsSql(keys: readonly string[]): string {
  const byUpload = new Map<string, number[]>();
  for (const key of keys) {
    const [, , , , upload = "", row = ""] = key.split("/").map(decodeURIComponent);
    byUpload.set(upload, [...(byUpload.get(upload) ?? []), Number(row)]);
  }
  const conditions = [...byUpload].map(
    ([upload, rows]) =>
      `upload_id = '${upload.replaceAll("'", "''")}' AND source_row IN (${rows.join(", ")})`,
  );
  return `SELECT * FROM catalog WHERE ${conditions.map((one) => `(${one})`).join(" OR ")}`;
}

/** What opens the output in Python. */
export function pythonLines(format: string, output: string): string {
  const name = pythonText(outputName(format, output));
  const lines: Record<string, string> = {
    dataset: `from datasets import load_from_disk\n\ndataset = load_from_disk(${name})\nprint(dataset[0])`,
    parquet: `import pandas as pd\n\nrows = pd.read_parquet(${name})\nprint(rows.head())`,
    arrow: `import polars as pl\n\nrows = pl.read_ipc(${name})\nprint(rows.head())`,
    coco: `from pycocotools.coco import COCO\n\ncoco = COCO(${pythonText(`${outputName(format, output)}/annotations/train.json`)})\nprint(len(coco.getImgIds()))`,
  };
  return (
    lines[format] ??
    `import json\n\nwith open(${pythonText(`${outputName(format, output)}/manifest.json`)}, encoding="utf-8") as file:\n    print(json.load(file)["files"])`
  );
}

/** What reads the table of single rows from the server. */
export function rowsPython(keys: readonly string[], { server, needsToken }: TakeWishes): string {
  const headers = needsToken ? ', headers={"Authorization": "Bearer ..."}' : "";
  return [
    "import requests",
    "",
    `sql = ${pythonText(rowsSql(keys))}`,
    `answer = requests.post(${pythonText(`${server}/query`)}, json={"sql": sql}${headers})`,
    'for row in answer.json()["rows"]:',
    "    print(row)",
  ].join("\n");
}

function outputName(format: string, output: string): string {
  return format === "parquet" || format === "arrow" ? `${output}.${format}` : output;
}

function given(flag: string, value: string): [string, string][] {
  return value === "" ? [] : [[flag, value]];
}

/** A word of a POSIX shell. */
export function quoteShell(word: string): string {
  return /^[\w@%+=:,./가-힣-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A string of Python; JSON's escapes are Python's too. */
export function pythonText(text: string): string {
  return JSON.stringify(text);
}
