/** What a trainer would drop, clamp or misread without a word, in labels and pages: refused, repaired or counted. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { sha256 } from "../jobs/staging-kit.ts";
import { readCoco, readTar } from "./read-back.ts";
import { makeKit, type PageRow } from "./samples-kit.ts";

setDefaultTimeout(120_000);

let kit: Awaited<ReturnType<typeof makeKit>>;
const images: Buffer[] = [];

beforeAll(async () => {
  kit = await makeKit();
  for (const red of [10, 90, 200]) {
    const image = sharp({
      create: { width: 200, height: 100, channels: 3, background: { r: red, g: 9, b: 9 } },
    });
    images.push(await image.jpeg().toBuffer());
  }
});

afterAll(() => rm(kit.folder, { recursive: true, force: true }));

const VIEW = { items: "$.items", box: "box", form: "xyxy", text: "text", category: "kind" } as const;
const QUESTIONS = { questions: { question: "$.q", answers: "$.a" } } as const;

type Item = { box: number[] | number[][]; text?: string; kind?: string };
const row = (at: number, items: Item[], more: Partial<PageRow> = {}): PageRow => ({
  bytes: images[at] as Buffer,
  width: 200,
  height: 100,
  sourceName: `쪽 ${at}.v1.jpg`,
  label: { items },
  ...more,
});
const box = (text?: string, kind = "text"): Item => ({
  box: [10, 10, 50, 30],
  kind,
  ...(text !== undefined && { text }),
});
const lines = async (...path: string[]) =>
  (await readFile(join(...path), "utf8")).split("\n").filter((line) => line !== "");

describe("yolo", () => {
  test("boxes that stand there twice, or have no area, and pages too small, are counted", async () => {
    const small = await sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    const thin = { box: [10, 10, 10.00001, 30], kind: "text" };
    // The box of the small page lies outside of it.
    const rows = [
      row(0, [box("가"), box("나"), thin]),
      row(0, [box("다")]),
      row(1, [box("라")], { bytes: small, width: 9, height: 9, sourceName: "작은.jpg" }),
    ];
    const { output, samples } = await kit.run("yolo", rows, VIEW);
    const { "YOLO has no texts": words, ...dropped } = samples.dropped;
    expect(words?.characters).toBe(1);
    expect(Object.values(dropped).map(({ pages, regions }) => [pages, regions])).toEqual([
      [0, 2],
      [0, 2],
      [1, 0],
    ]);
    expect(samples).toMatchObject({ pages: 2, regions: 1, characters: 0 });
    const [file = ""] = await readdir(join(output, "labels", "train"));
    expect(await lines(output, "labels", "train", file)).toEqual(["0 0.150000 0.200000 0.200000 0.200000"]);
  });

  test("a page of a format that it passes over becomes PNG", async () => {
    const gif = await sharp(images[0]).gif().toBuffer();
    const given = [row(0, [box()], { bytes: gif, format: "gif", sourceName: "그림.gif" })];
    const { output, samples } = await kit.run("yolo", given, VIEW, { images: "reference" });
    const [name = ""] = await readdir(join(output, "images", "train"));
    expect(name).toEndWith(".png");
    expect((await sharp(await readFile(join(output, "images", "train", name))).metadata()).format).toBe(
      "png",
    );
    expect(Object.keys(samples.changed)).toEqual([
      "pages of a format that readers lack (gif) written as PNG",
    ]);
  });
});

test("coco: boxes beyond their page are clipped, ids begin at 1, a page of two rows is one image", async () => {
  const beyond = { box: [150, 50, 260, 140], kind: "text" };
  const outside = { box: [300, 10, 350, 30], kind: "text" };
  const rows = [row(0, [box("가"), beyond, outside]), row(1, []), row(0, [box("나")])];
  const { output, samples } = await kit.run("coco", rows, VIEW);
  const text = await readFile(join(output, "annotations", "train.json"), "utf8");
  const { annotations, images: known } = JSON.parse(text) as Record<string, { id: number; bbox: number[] }[]>;
  expect(annotations?.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(known).toHaveLength(2);
  expect(annotations?.[1]?.bbox).toEqual([150, 50, 50, 50]);
  expect(samples.changed).toEqual({ "boxes clipped to their page": 1 });
  expect(samples.regions + 1).toBe(4);
  expect((await readCoco(output)).map(({ regions }) => regions.length)).toEqual([3, 0]);
});

describe("paddleocr", () => {
  test("lines that it cannot use are left out, and what it needs is told", async () => {
    const texts = ["탭\t글", "줄\n바꿈", "  ", "가나다", "긴".repeat(40)];
    const { output, samples } = await kit.run(
      "paddleocr",
      [
        row(1, []),
        row(
          0,
          texts.map((text) => box(text)),
        ),
      ],
      VIEW,
    );
    const rec = await lines(output, "rec_train.txt");
    expect(rec.map((line) => line.split("\t")[1])).toEqual(["가나다", "긴".repeat(40)]);
    expect(await lines(output, "dict.txt")).toEqual(["가", "긴", "나", "다"]);
    expect(await lines(output, "class_list.txt")).toEqual(["OTHER", "TEXT"]);
    const [det = ""] = await lines(output, "det_train.txt");
    expect(JSON.parse(det.split("\t")[1] ?? "")).toHaveLength(5);
    expect(samples.changed).toEqual({
      "texts with a tab or line break, left out of rec": 2,
      "texts of white space, left out of rec": 1,
    });
    expect(Object.values(samples.dropped)).toMatchObject([{ pages: 1, regions: 0 }]);
    expect(samples.notes).toEqual([expect.stringContaining("set Global.max_text_length to 40")]);
  });

  test("corners go clockwise from the upper left one", async () => {
    const corners = [
      [50, 30],
      [50, 10],
      [10, 10],
      [10, 30],
    ];
    const flat = [
      [10, 10],
      [20, 20],
      [30, 30],
      [40, 40],
    ];
    const rows = [row(0, [{ box: corners }, { box: flat }])];
    const { output, samples } = await kit.run("paddleocr", rows, { ...VIEW, form: "poly" });
    const [det = ""] = await lines(output, "det_train.txt");
    const [only] = JSON.parse(det.split("\t")[1] ?? "") as { points: number[][] }[];
    expect(only?.points).toEqual([
      [10, 10],
      [50, 10],
      [50, 30],
      [10, 30],
    ]);
    expect(Object.values(samples.dropped).reduce((sum, { regions }) => sum + regions, 0)).toBe(1);
  });
});

test("webdataset: keys have no dots and are not shared, long names come whole, the first record is full", async () => {
  const long = `${"긴_이름_".repeat(30)}.tar.jpg`;
  const rows = [
    row(1, []),
    row(0, [box("가")], { sourceName: long }),
    row(0, [box("나")], { sourceName: long }),
  ];
  const { output } = await kit.run("webdataset", rows, VIEW);
  const members = readTar(await readFile(join(output, "train-000000.tar")));
  const keys = members.map(({ name }) => name.replace(/\.(jpg|json)$/, ""));
  expect(keys.filter((key) => key.includes("."))).toEqual([]);
  expect(new Set(keys).size).toBe(3);
  expect(keys.filter((key, at) => at % 2 === 1 && key !== keys[at - 1])).toEqual([]);
  const records = members
    .filter(({ name }) => name.endsWith(".json"))
    .map(({ bytes }) => JSON.parse(String(bytes)));
  expect(records.map(({ boxes }) => boxes.length)).toEqual([1, 0, 1]);
  expect(keys[0]).toContain("긴_이름_긴_이름");
  expect(String(members[1]?.bytes)).toContain('"xyxy":[10.0,10.0,50.0,30.0]');
});

test("webdataset: the first records show regions and questions, where no single one has both", async () => {
  const asked = row(1, [], { label: { items: [], q: "?", a: ["!"] } });
  const rows = [row(2, []), row(2, []), row(2, []), row(2, []), row(2, []), row(0, [box("가")]), asked];
  const { output } = await kit.run("webdataset", rows, { ...VIEW, ...QUESTIONS });
  const members = readTar(await readFile(join(output, "train-000000.tar")));
  const records = members
    .filter(({ name }) => name.endsWith(".json"))
    .map(({ bytes }) => JSON.parse(String(bytes)));
  expect(records.map(({ sample }) => sample)).toEqual([5, 6, 0, 1, 2, 3, 4]);
});

test("donut: questions of one page are one line, and a line has a file of its own", async () => {
  const asked = (at: number, q: string) => row(at, [], { label: { q, a: [`${q}!`] } });
  const rows = [
    asked(0, "가"),
    asked(0, "나"),
    asked(1, "다"),
    asked(0, "라"),
    row(2, [], { label: { q: "마", a: [] } }),
  ];
  const { output, samples } = await kit.run("donut", rows, QUESTIONS, { images: "reference" });
  const metadata = (await lines(output, "train", "metadata.jsonl")).map((line) => JSON.parse(line));
  expect(metadata.map(({ ground_truth }) => JSON.parse(ground_truth))).toEqual([
    {
      gt_parses: [
        { question: "가", answer: "가!" },
        { question: "나", answer: "나!" },
      ],
    },
    { gt_parse: { question: "다", answer: "다!" } },
    { gt_parse: { question: "라", answer: "라!" } },
  ]);
  const names = metadata.map(({ file_name }) => file_name as string);
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect((await readFile(join(output, "train", name))).length).toBeGreaterThan(100);
  expect(samples).toMatchObject({ samples: 4, pages: 4, questions: 4 });
  const coco = await kit.run("coco", rows, QUESTIONS);
  expect(coco.samples).toMatchObject({
    questions: 0,
    dropped: { "the format has no questions": { questions: 5 } },
  });
});

test("rows with their own image and rows with a list of images keep their pages in one output", async () => {
  const [own, listed] = [images[0] as Buffer, images[1] as Buffer];
  const hash = sha256(listed);
  const facts = {
    path: `provider=p/dataset=d/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}.jpg`,
    ...{ hash, source_hash: hash, format: "jpeg", width: 200, height: 100, bytes: listed.length },
  };
  const more = {
    ...{ path: null, hash: null },
    ...Object.fromEntries(
      Object.entries(facts).map(([name, value]) => [`images_${name}`, JSON.stringify([value])]),
    ),
  };
  const rows = [row(0, [box("가")], { bytes: own }), row(1, [box("나")], { more })];
  const { output, samples } = await kit.run("coco", rows, VIEW);
  expect(samples).toMatchObject({ pages: 2, regions: 2, dropped: {} });
  expect((await readdir(join(output, "images"))).length).toBe(2);
});

test("a question of a page that is left out is counted once", async () => {
  const tiny = await sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const asked = { bytes: tiny, width: 9, height: 9, label: { items: [], q: "?", a: ["!"] } };
  for (const format of ["yolo", "paddleocr"]) {
    const { samples } = await kit.run(format, [row(0, [], asked)], { ...VIEW, ...QUESTIONS });
    expect(samples).toMatchObject({ pages: 0, questions: 0 });
    expect(Object.values(samples.dropped).reduce((sum, { questions }) => sum + questions, 0)).toBe(1);
  }
});

describe("chat formats", () => {
  const texts = ["<image> <bbox> <ref-object>", "<|im_end|>", '"따옴표"\\ <video>'];
  const hostile = () =>
    row(
      0,
      texts.map((text) => box(text, "표<bbox>")),
    );

  test("ms-swift: place holders are as many as what they stand for, the first row is full, floats are floats", async () => {
    const { output, samples } = await kit.run("ms-swift", [row(1, []), hostile()], VIEW);
    const [first = "", second = ""] = await lines(output, "train.jsonl");
    const { messages, images: paths, objects } = JSON.parse(first);
    const all = messages.map(({ content }: { content: string }) => content).join("");
    expect(all.split("<image>").length - 1).toBe(paths.length);
    expect(all.split("<bbox>").length - 1).toBe(3);
    expect(objects.bbox).toHaveLength(3);
    expect(all.split("<ref-object>").length - 1).toBe(objects.ref.length);
    expect(all).not.toContain("<|im_end|>");
    expect(JSON.parse(second).objects.bbox).toEqual([]);
    expect(samples.changed["texts with the name of a place holder, as codes in JSON"]).toBeGreaterThan(0);
    const whole = await kit.run("ms-swift", [row(0, [{ box: [0, 0, 200, 100], kind: "a" }])], VIEW);
    expect((await lines(whole.output, "train.jsonl"))[0]).toContain('"bbox":[[0.0,0.0,1.0,1.0]]');
  });

  test("plain answers cannot hold codes: the sign is written otherwise, and counted", async () => {
    const prompt = { user: "읽으세요", answer: "text" } as const;
    const { output, samples } = await kit.run("llama-factory", [hostile()], VIEW, { wishes: { prompt } });
    const { messages, images: paths } = JSON.parse((await lines(output, "train.jsonl"))[0] ?? "");
    expect(messages[0].content.split("<image>").length - 1).toBe(paths.length);
    expect(messages[1].content).toStartWith("&lt;image> &lt;bbox>");
    expect(samples.changed["texts with the name of a place holder, as &lt;"]).toBe(1);
  });

  test("what a prompt does not ask for is counted, so is a question without an answer", async () => {
    const prompt = { user: "{question}", answer: "vqa" } as const;
    const rows = [row(0, [box("가나")]), row(1, [], { label: { items: [box("다")], q: "?", a: ["!"] } })];
    const view = { ...VIEW, ...QUESTIONS };
    const { output, samples } = await kit.run("llama-factory", rows, view, { wishes: { prompt } });
    expect(await lines(output, "train.jsonl")).toHaveLength(1);
    expect(samples).toMatchObject({ samples: 1, regions: 0, questions: 1, characters: 0 });
  });

  test("the length that a trainer needs is told", async () => {
    const { samples } = await kit.run("llama-factory", [row(0, [box("글".repeat(3000))])], VIEW);
    expect(samples.tokens).toMatchObject({ over: 1, setting: "cutoff_len", default: 2048, needed: 4096 });
    expect(samples.notes[0]).toContain("set cutoff_len to 4096");
  });
});

test("a label that is no JSON, and a polygon where only boxes are taken, are counted", async () => {
  const slanted = {
    box: [
      [10, 12],
      [50, 10],
      [51, 28],
      [11, 30],
    ],
    kind: "a",
  };
  const rows = [row(0, [slanted]), row(1, [], { label: "{oops" })];
  const { samples } = await kit.run("label-studio", rows, { ...VIEW, form: "poly" });
  expect(samples.changed).toEqual({ "polygons as the boxes around them": 1 });
  expect(Object.keys(samples.dropped)).toEqual([expect.stringContaining("is no JSON")]);
});

test("a page that the column split has in two parts is told", async () => {
  const of = (at: number, split: string) => row(at, [box()], { more: { split } });
  const rows = [of(0, "Training"), of(1, "train"), of(0, "val"), of(0, "test"), of(1, "train")];
  const { output, samples } = await kit.run("coco", rows, VIEW);
  expect(samples.splits).toEqual({ train: 3, val: 1, test: 1 });
  expect((await readdir(join(output, "annotations"))).sort()).toEqual([
    "test.json",
    "train.json",
    "val.json",
  ]);
  expect(samples.notes).toContainEqual(expect.stringContaining("1 page in several splits"));
});

test.each(["ms-swift", "llama-factory"])("%s has no images of rows that it leaves out", async (format) => {
  const rows = [
    row(0, [], { label: { q: "얼마?", a: ["천원"] } }),
    row(1, [], { label: { q: "누구?", a: [] } }),
  ];
  const { output, samples } = await kit.run(format, rows, QUESTIONS);
  expect(samples.pages).toBe(1);
  expect(await readdir(join(output, "images"))).toHaveLength(1);
});

test("a part that no row falls into is told, with the parts that there are", async () => {
  const rows = [0, 1, 2].map((at) => row(at, [box()], { more: { source: "한 권" } }));
  const wishes = { split: { train: 0.5, val: 0.5 }, group_by: ["source"] };
  const { samples } = await kit.run("coco", rows, VIEW, { wishes });
  expect(Object.values(samples.splits).sort()).toEqual([0, 3]);
  const [lacking] = Object.entries(samples.splits).find(([, count]) => count === 0) ?? [];
  expect(samples.notes).toEqual([expect.stringContaining(`no row is in ${lacking}, whose share is 0.5`)]);
});

test("labels without a view are refused", async () => {
  const error = await kit.run("coco", [row(0, [box()])], undefined).catch((thrown) => thrown);
  expect([error.code, error.message]).toEqual(["usage", expect.stringContaining("datalake view detect")]);
});

test("a missing page is told by its row", async () => {
  const running = kit.run("coco", [row(0, [box()])], VIEW, { damage: true });
  expect(await running.catch(({ code, message }) => [code, message])).toEqual([
    "missing_asset",
    expect.stringContaining("쪽 0.v1.jpg"),
  ]);
});

test("what of labels does not fit is counted once by kind, whatever its values are", async () => {
  const items = [
    { box: [10, 10, 50, 30], text: "가", kind: "text" },
    { box: [10, 40, 50, 60], text: 7, kind: "text" },
    { box: [10, 70, 50, 90], text: "###", kind: ["a", "b"] },
    { text: "상자 없음" },
    { box: "3" },
    { box: "4" },
  ];
  const rows = [
    row(0, [], { label: { items, q: "?", a: ["!"] } }),
    row(1, [], { label: { items: [], q: 5 } }),
    row(2, [], { label: { other: 1 } }),
    row(2, [], { label: "" }),
  ];
  const { samples } = await kit.run("webdataset", rows, { ...VIEW, ...QUESTIONS });
  expect(samples).toMatchObject({
    samples: 4,
    labels: 2,
    unfit_labels: 2,
    unlabelled: 1,
    regions: 3,
    questions: 1,
  });
  expect(
    Object.values(samples.dropped).map(({ labels, regions, questions }) => [labels, regions, questions]),
  ).toEqual([
    [0, 1, 0],
    [0, 2, 0],
    [0, 0, 1],
    [1, 0, 0],
  ]);
  expect(samples.changed).toEqual({
    "regions without what does not fit: a text is no string": 1,
    "regions without what does not fit: a region has several categories": 1,
    "texts that mean unreadable, by the view: the box is there": 1,
  });
  expect(samples.notes).toEqual([
    "2 of 2 labels do not fit their view in all; `datalake view check` lists why",
    "1 of 4 rows without a label: pages without regions and answers",
  ]);
});
