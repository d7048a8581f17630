import { outputName, pythonText } from "./commands.ts";

/** What opens the output in Python, by the name of its format; `part` is one of its parts. */
export function pythonLines(format: string, output: string, part = "train"): string {
  const name = outputName(format, output);
  const lines = LINES[format] ?? ofManifest;
  return lines((path) => pythonText(path === "" ? name : `${name}/${path}`), part);
}

/** Gives the lines; `at` quotes a path in the output. */
type Lines = (at: (path: string) => string, part: string) => string;

const load = (kind: string, at: string, part: string) =>
  `from datasets import load_dataset\n\ndataset = load_dataset(${pythonText(kind)}, data_files={${pythonText(part)}: ${at}}, split=${pythonText(part)})\nprint(dataset[0])`;

const rows: Lines = (at, part) => load("parquet", at(`${part}*.parquet`), part);
const conversations: Lines = (at, part) => load("json", at(`${part}.jsonl`), part);

const LINES: Record<string, Lines> = {
  dataset: (at) =>
    `from datasets import load_from_disk\n\ndataset = load_from_disk(${at("")})\nprint(dataset[0])`,
  parquet: (at) => `import pandas as pd\n\nrows = pd.read_parquet(${at("")})\nprint(rows.head())`,
  arrow: (at) => `import polars as pl\n\nrows = pl.read_ipc(${at("")})\nprint(rows.head())`,
  coco: (at, part) =>
    `from pycocotools.coco import COCO\n\ncoco = COCO(${at(`annotations/${part}.json`)})\nprint(len(coco.getImgIds()))`,
  "ms-swift": conversations,
  "llama-factory": conversations,
  messages: rows,
  "token-classification": rows,
  webdataset: (at, part) => load("webdataset", at(`${part}-*.tar`), part),
  mds: (at, part) =>
    `from streaming import StreamingDataset\n\ndataset = StreamingDataset(local=${at(part)}, batch_size=1)\nprint(dataset[0])`,
  lance: (at, part) =>
    `import lance\n\ndataset = lance.dataset(${at(`${part}.lance`)})\nprint(dataset.count_rows())`,
  yolo: (at) =>
    `from ultralytics import YOLO\n\nmodel = YOLO("yolo11n.pt")\nmodel.train(data=${at("data.yaml")})`,
  "label-studio": (at) =>
    `import json\n\nwith open(${at("tasks.json")}, encoding="utf-8") as file:\n    print(len(json.load(file)), "tasks")`,
  paddleocr: (at, part) =>
    `import json\n\nwith open(${at(`det_${part}.txt`)}, encoding="utf-8") as file:\n    image, boxes = file.readline().split("\\t")\nprint(image, json.loads(boxes)[0])`,
  donut: (at, part) =>
    `from datasets import load_dataset\n\ndataset = load_dataset("imagefolder", data_dir=${at(part)}, split="train")\nprint(dataset[0]["ground_truth"])`,
};

/** Of a format that this page does not know. */
const ofManifest: Lines = (at) =>
  `import json\n\nwith open(${at(".datalake/manifest.json")}, encoding="utf-8") as file:\n    print(json.load(file)["files"])`;
