/** Reads what the training formats hold, without their writers: regions of each page in pixels, by the page's digest. */
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";
import { loadLance } from "../../src/native.ts";
import { quoteText } from "../../src/query/sql.ts";
import { boundsOf, type Point } from "../../src/schema/labels/region.ts";

export interface SeenRegion {
  /** x1, y1, x2, y2. */
  box: number[];
  text: string | undefined;
  category: string | undefined;
}

export interface SeenPage {
  /** First digits of the SHA-256 of its bytes, as names of images hold them; or the name that it came with. */
  page: string;
  regions: SeenRegion[];
}

/** Sizes of the pages, by what `page` says. */
export type Sizes = (page: string) => { width: number; height: number };

const digestOf = (path: string) =>
  /(?:([0-9a-f]{12})[0-9a-f]{52}|([0-9a-f]{12})(?:-\d+)?)\.\w+$/.exec(path)?.slice(1).find(Boolean) ?? path;
const boxOf = (points: Point[]) => {
  const { x1, y1, x2, y2 } = boundsOf(points);
  return [x1, y1, x2, y2];
};
const lines = async (path: string) =>
  (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
const scaled = (box: number[], { width, height }: ReturnType<Sizes>, unit = 1) =>
  box.map((value, at) => (value / unit) * (at % 2 === 0 ? width : height));

interface Coco {
  images: { id: number; file_name: string }[];
  annotations: {
    image_id: number;
    category_id: number;
    bbox: [number, number, number, number];
    text?: string;
  }[];
  categories: { id: number; name: string }[];
}

export async function readCoco(folder: string): Promise<SeenPage[]> {
  const file = join(folder, "annotations", "train.json");
  const { images, annotations, categories } = JSON.parse(await readFile(file, "utf8")) as Coco;
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  return images.map(({ id, file_name }) => ({
    page: digestOf(file_name),
    regions: annotations
      .filter(({ image_id }) => image_id === id)
      .map(({ bbox: [x, y, w, h], category_id, text }) => {
        return { box: [x, y, x + w, y + h], text, category: names.get(category_id) };
      }),
  }));
}

export async function readYolo(folder: string, sizes: Sizes): Promise<SeenPage[]> {
  const yaml = Bun.YAML.parse(await readFile(join(folder, "data.yaml"), "utf8")) as { names: object };
  const names = Object.values(yaml.names) as string[];
  const files = (await readdir(join(folder, "labels", "train"))).sort();
  return Promise.all(
    files.map(async (file) => {
      const page = digestOf(file);
      const regions = (await lines(join(folder, "labels", "train", file))).map((line) => {
        const [number = 0, cx = 0, cy = 0, w = 0, h = 0] = line.split(" ").map(Number);
        const box = scaled([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], sizes(page));
        return { box, text: undefined, category: names[number] };
      });
      return { page, regions };
    }),
  );
}

interface SwiftRow {
  messages: { role: string; content: string }[];
  images: string[];
  objects: { ref: string[]; bbox: number[][]; image_id: number[] };
}

/** The answer of each row with its place holders filled, as ms-swift does it. */
export async function readMsSwift(folder: string, sizes: Sizes): Promise<SeenPage[]> {
  const rows = (await lines(join(folder, "train.jsonl"))).map((line) => JSON.parse(line) as SwiftRow);
  return rows.flatMap(({ messages, images, objects }) => {
    const [boxes, refs] = [objects.bbox.map((box) => JSON.stringify(box)).values(), objects.ref.values()];
    const answer = (messages.at(-1)?.content ?? "")
      .replaceAll("<bbox>", () => boxes.next().value ?? "missing")
      .replaceAll("<ref-object>", () => refs.next().value ?? "missing");
    if (boxes.next().done !== true || refs.next().done !== true) throw new Error("place holders are missing");
    return answersOf(answer, images.map(digestOf), sizes, 1);
  });
}

export async function readLlamaFactory(folder: string, sizes: Sizes): Promise<SeenPage[]> {
  const rows = (await lines(join(folder, "train.jsonl"))).map((line) => JSON.parse(line) as SwiftRow);
  return rows.flatMap(({ messages, images }) => {
    const tags =
      messages
        .map(({ content }) => content)
        .join("")
        .split("<image>").length - 1;
    if (tags !== images.length) throw new Error(`${tags} place holders for ${images.length} images`);
    return answersOf(messages.at(-1)?.content ?? "", images.map(digestOf), sizes, 1000);
  });
}

interface Item {
  image?: number;
  bbox_2d: number[];
  label?: string;
  text?: string;
}

function answersOf(answer: string, pages: string[], sizes: Sizes, unit: number): SeenPage[] {
  const items = JSON.parse(answer) as Item[];
  return pages.map((page, at) => ({
    page,
    regions: items
      .filter(({ image = 0 }) => image === at)
      .map(({ bbox_2d, label, text }) => ({
        box: scaled(bbox_2d, sizes(page), unit),
        text,
        category: label,
      })),
  }));
}

/** Rows of `train.parquet`: `columns` are expressions, their values JSON. */
async function readParquet(folder: string, columns: readonly string[]): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const texts = columns.map((column) => `to_json(${column})::VARCHAR`).join(", ");
    const file = quoteText(join(folder, "train.parquet"));
    const reader = await connection.runAndReadAll(`SELECT ${texts} FROM read_parquet(${file})`);
    return reader.getRows().map((row) => row.map((text) => JSON.parse(String(text))));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

interface Content {
  type: string;
  text: string | null;
}

export async function readMessages(folder: string, sizes: Sizes): Promise<SeenPage[]> {
  const rows = await readParquet(folder, ["messages", "list_transform(images, image -> image.path)"]);
  return rows.flatMap(([messages, images]) => {
    const contents = (messages as { content: Content[] }[]).map(({ content }) => content);
    const tags = contents.flat().filter(({ type }) => type === "image").length;
    if (tags !== (images as string[]).length) throw new Error(`${tags} images in the text`);
    const answer = (contents.at(-1) ?? []).map(({ text }) => text ?? "").join("");
    return answersOf(answer, images as string[], sizes, 1000);
  });
}

/** Each word as a region. */
export async function readTokens(folder: string, sizes: Sizes): Promise<SeenPage[]> {
  const rows = await readParquet(folder, ["image.path", "tokens", "bboxes", "ner_tags"]);
  const names = await tagNames(folder);
  return rows.map(([path, tokens, boxes, tags]) => ({
    page: String(path),
    regions: (tokens as string[]).map((text, at) => ({
      box: scaled((boxes as number[][])[at] ?? [], sizes(String(path)), 1000),
      text,
      category: names[(tags as number[])[at] ?? -1],
    })),
  }));
}

/** The names of the tags, as the file's own metadata for `datasets` says. */
async function tagNames(folder: string): Promise<string[]> {
  const text = (await readFile(join(folder, "train.parquet"))).toString("latin1");
  const names = /"ner_tags":.*?"names":\s*(\[[^\]]*\])/s.exec(text)?.[1] ?? "[]";
  return JSON.parse(Buffer.from(names, "latin1").toString());
}

interface Task {
  data: { image: string };
  predictions: { result: TaskResult[] }[];
}
interface TaskResult {
  id: string;
  type: string;
  value: { x: number; y: number; width: number; height: number; rectanglelabels?: string[]; text?: string[] };
}

export async function readLabelStudio(folder: string, sizes: Sizes): Promise<SeenPage[]> {
  const tasks = JSON.parse(await readFile(join(folder, "tasks.json"), "utf8")) as Task[];
  return tasks.map(({ data, predictions }) => {
    const page = digestOf(decodeURIComponent(data.image));
    const results = predictions.flatMap(({ result }) => result);
    const regions = results
      .filter(({ type }) => type === "rectanglelabels")
      .map(({ id, value: { x, y, width, height, rectanglelabels } }) => ({
        box: scaled([x, y, x + width, y + height], sizes(page), 100),
        text: results.find((other) => other.id === id && other.type === "textarea")?.value.text?.[0],
        category: rectanglelabels?.[0],
      }));
    return { page, regions };
  });
}

export async function readPaddle(folder: string): Promise<SeenPage[]> {
  const read = async (name: string) =>
    (await lines(join(folder, name)).catch((): string[] => [])).map((line) => {
      const [image = "", json = ""] = line.split("\t");
      return {
        image,
        items: JSON.parse(json) as { transcription: string; label?: string; points: Point[] }[],
      };
    });
  return (await read("det_train.txt")).map(({ image, items }) => ({
    page: digestOf(image),
    regions: items.map(({ points, transcription }) => ({
      box: boxOf(points),
      text: transcription === "###" ? undefined : transcription,
      category: undefined,
    })),
  }));
}

export interface TarMember {
  name: string;
  bytes: Uint8Array;
}

/** The files of a tar archive, with names of PAX headers. */
export function readTar(archive: Buffer): TarMember[] {
  const members: TarMember[] = [];
  let longName: string | undefined;
  for (let at = 0; archive[at] !== 0 && at < archive.length; ) {
    const text = (from: number, to: number) =>
      archive.toString("latin1", at + from, at + to).replace(/\0.*$/s, "");
    const sizeBytes = Number.parseInt(text(124, 136), 8);
    const bytes = archive.subarray(at + 512, at + 512 + sizeBytes);
    const type = text(156, 157);
    if (type === "x") longName = /^\d+ path=(.*)\n$/s.exec(bytes.toString())?.[1];
    else {
      members.push({ name: longName ?? text(0, 100), bytes });
      longName = undefined;
    }
    at += 512 + Math.ceil(sizeBytes / 512) * 512;
  }
  return members;
}

interface Record {
  image: string;
  boxes: { xyxy: number[]; text: string; category: string }[];
}

function pageOf({ image, boxes }: Record): SeenPage {
  return { page: image, regions: boxes.map(({ xyxy, text, category }) => ({ box: xyxy, text, category })) };
}

export async function readWebdataset(folder: string): Promise<SeenPage[]> {
  const shards = (await readdir(folder)).filter((name) => name.endsWith(".tar")).sort();
  const members = (await Promise.all(shards.map((name) => readFile(join(folder, name))))).flatMap(readTar);
  return members
    .filter(({ name }) => name.endsWith(".json"))
    .map(({ bytes }) => pageOf(JSON.parse(Buffer.from(bytes).toString())));
}

/** By the format's description: counts and offsets, then for each sample the sizes of its values and the values. */
export async function readMds(folder: string): Promise<SeenPage[]> {
  const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as {
    shards: {
      raw_data: { basename: string; bytes: number };
      samples: number;
      column_sizes: (number | null)[];
    }[];
  };
  const pages: SeenPage[] = [];
  for (const { raw_data, samples, column_sizes } of index.shards) {
    const shard = await readFile(join(folder, raw_data.basename));
    if (shard.length !== raw_data.bytes || shard.readUInt32LE(0) !== samples)
      throw new Error("another shard");
    for (let sample = 0; sample < samples; sample++) {
      let sizesAt = shard.readUInt32LE(4 * (sample + 1));
      let at = sizesAt + 4 * column_sizes.filter((size) => size === null).length;
      const values = column_sizes.map((given) => {
        const size = given ?? shard.readUInt32LE(sizesAt);
        if (given === null) sizesAt += 4;
        at += size;
        return shard.subarray(at - size, at);
      });
      if (at !== shard.readUInt32LE(4 * (sample + 2))) throw new Error("a sample ends elsewhere");
      pages.push(pageOf(JSON.parse(String(values[2]))));
    }
  }
  return pages;
}

/** LanceDB's library is an optional package, which not every platform has. */
export const hasLance = (() => {
  try {
    return loadLance() !== undefined;
  } catch {
    return false;
  }
})();

interface LanceReader {
  Connection: {
    new: (
      folder: string,
      options: object,
    ) => Promise<{ openTable(name: string): Promise<{ query(): LanceQuery }> }>;
  };
}
interface LanceQuery {
  execute(): Promise<{ next(): Promise<Buffer | null> }>;
}

/** The rows of one part, in their order. Its folder may have any name, while LanceDB takes ASCII alone. */
export async function readLanceRows(folder: string, part = "train"): Promise<LanceRow[]> {
  const named = await mkdtemp(join(tmpdir(), "datalake-lance-"));
  await symlink(join(folder, `${part}.lance`), join(named, "rows.lance"));
  try {
    const connection = await (loadLance() as LanceReader).Connection.new(named, {});
    const batches = await (await connection.openTable("rows")).query().execute();
    const rows: LanceRow[] = [];
    for (let bytes = await batches.next(); bytes !== null; bytes = await batches.next())
      rows.push(
        ...tableFromIPC<never>(bytes)
          .toArray()
          .map((row) => ({ ...(row as LanceRow) })),
      );
    return rows;
  } finally {
    await rm(named, { recursive: true });
  }
}

interface LanceRow {
  id: string;
  page: number;
  name: string;
  width: number;
  height: number;
  image: Uint8Array;
  label: string;
}

export async function readLance(folder: string): Promise<SeenPage[]> {
  return (await readLanceRows(folder)).map(({ label }) => pageOf(JSON.parse(label)));
}
