/** Filters, orders and counts of rows over HTTP, each against the rows that the test itself made. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { OperationState } from "../../src/schema/operation.ts";
import type { BrowseDocument, StatisticsDocument } from "../../src/schema/page-documents.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const PAGES = 24;
const AT = ["--provider", "hub", "--dataset", "pages"];
const VIEW = { items: "$.words", box: "bbox", form: "xywh", text: "text", category: "kind" };
let world: World;
let server: ServeProcess;

/** A row as the test knows it. */
interface Known {
  name: string;
  variant: string;
  lang: string;
  pixels: number;
  /** Texts by their category; undefined without a label. */
  words: { text: string; kind: string }[] | undefined;
}

const nameOf = (at: number) => `p${String(at).padStart(2, "0")}.png`;
const pixelsOf = (at: number) => (400 + ((at * 7) % PAGES) * 50) * 600;
const KINDS = ["title", "table", "그림"];

function wordsOf(at: number, variant: string) {
  const count = (at * (variant === "ko" ? 3 : 5)) % 7;
  return Array.from({ length: count }, (_, line) => ({
    text: line % 2 === 0 ? `낱말 ${at}` : "",
    kind: KINDS[(at + line) % KINDS.length] as string,
  }));
}

const ROWS: Known[] = ["en", "ko"].flatMap((variant) =>
  Array.from({ length: variant === "ko" ? PAGES : PAGES / 2 }, (_, at) => ({
    name: nameOf(at),
    ...{ variant, lang: variant },
    pixels: pixelsOf(at),
    words: at % 8 === 7 ? undefined : wordsOf(at, variant),
  })),
);

async function run(args: string[]) {
  const { exit, stderr } = await runProgram(world, args);
  if (exit !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
}

/** Texts of English come decomposed, as from a Mac. */
async function uploadLabels(variant: string, rows: Known[]) {
  const form = variant === "en" ? "NFD" : "NFC";
  const lines = rows.map(({ name, words }) => {
    const found = words?.map(({ text, kind }) => ({ text, kind: kind.normalize(form), bbox: [1, 2, 3, 4] }));
    return JSON.stringify({
      source_name: name,
      label: found && JSON.stringify({ words: found }),
    });
  });
  const file = join(world.folder, `${variant}.jsonl`);
  await writeFile(file, lines.join("\n"));
  const to = [
    "--task",
    "words",
    "--variant",
    variant,
    "--meta",
    `lang=${variant}`,
    "--meta",
    `shelf=${"서가".normalize(form)}`,
  ];
  await run(["upload", file, "--type", "task", ...AT, ...to, "--wait"]);
}

beforeAll(async () => {
  world = await makeWorld();
  for (let at = 0; at < PAGES; at++) {
    const create = {
      width: pixelsOf(at) / 600,
      height: 600,
      channels: 3 as const,
      background: { r: at, g: 9, b: 9 },
    };
    await Bun.write(join(world.folder, "scans", nameOf(at)), await sharp({ create }).png().toBuffer());
  }
  const view = join(world.folder, "view.json");
  await writeFile(view, JSON.stringify(VIEW));
  await run([
    "config",
    "task",
    "create",
    "words",
    "--required",
    "lang",
    "--required",
    "shelf",
    "--view",
    view,
  ]);
  await run(["upload", join(world.folder, "scans"), "--type", "raw", ...AT, "--wait"]);
  for (const variant of ["en", "ko"])
    await uploadLabels(
      variant,
      ROWS.filter((row) => row.variant === variant),
    );
  server = await startServe(world);
});
afterAll(async () => {
  await server?.stop();
});

const WORDS = "tasks=words";

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${server.url}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

function queryOf(filters: readonly string[], more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ tasks: "words", ...more });
  for (const filter of filters) query.append("where", filter);
  return query.toString();
}

const show = ({ variant, name }: { variant: string; name: string }) => `${variant}/${name}`;

async function rowsOf(query: string): Promise<string[]> {
  const { rows, total } = await get<BrowseDocument>(`/rows?${query}&count=500`);
  expect(rows).toHaveLength(total);
  return rows.map(({ variant, source_name: name }) => show({ variant, name: name ?? "" }));
}

async function countLabels(body: object) {
  const post = await fetch(`${server.url}/operations/statistics`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { id } = (await post.json()) as OperationState;
  let state: OperationState | undefined;
  await until(async () => {
    state = await get<OperationState>(`/operations/statistics/${id}`);
    return state.status !== "queued" && state.status !== "running";
  });
  if (state?.status !== "completed") throw new Error(JSON.stringify(state));
  return state.result as StatisticsDocument;
}

const characters = ({ words }: Known) =>
  (words ?? []).reduce((sum, { text }) => sum + Array.from(text).length, 0);
const within = (value: number, from: number, to: number) => value >= from && value < to;

describe("before labels are counted", () => {
  test("filters of columns hold, alone and together, and counts say what is not known", async () => {
    const cases: [string[], (row: Known) => boolean][] = [
      [["lang=ko"], ({ lang }) => lang === "ko"],
      [["lang=ko", "lang=en"], () => true],
      [["lang="], () => false],
      [["height=600", "pages=1"], () => true],
      [["image.pixels=300000..600000"], ({ pixels }) => within(pixels, 300_000, 600_000)],
      [
        ["image.pixels=..300000", "image.pixels=600000..", "lang=ko"],
        ({ pixels, lang }) => lang === "ko" && !within(pixels, 300_000, 600_000),
      ],
      [[`image.pixels=${pixelsOf(3)}`], ({ pixels }) => pixels === pixelsOf(3)],
    ];
    for (const [filters, holds] of cases) {
      expect(await rowsOf(queryOf(filters))).toEqual(ROWS.filter(holds).map(show));
    }
    const counted = await get<StatisticsDocument>(`/statistics?${queryOf(["lang=ko"])}`);
    expect(counted).toMatchObject({
      rows: PAGES,
      pages: PAGES,
      rows_counted: 0,
      rows_uncounted: ROWS.length,
    });
    expect(counted.bars.map(({ name }) => name)).toEqual(["lang", "shelf", "format", "image.pixels"]);
    expect(counted.bars[0]?.bars).toEqual([
      { value: "ko", rows: PAGES },
      { value: "en", rows: PAGES / 2 },
    ]);
    const rows = counted.partitions.map(({ task, variant, rows }) => [task, variant, rows]);
    expect(rows).toEqual([
      ["raw", "image", 0],
      ["words", "en", 0],
      ["words", "ko", PAGES],
    ]);
  });

  test("what labels hold is asked for first, and wrong filters are refused in a sentence", async () => {
    for (const [query, status, message] of [
      [
        queryOf(["label.regions=1.."]),
        409,
        /the labels of hub\/pages\/words\/en and 1 more partitions were not counted/,
      ],
      [queryOf([], { sort: "-label.regions" }), 409, /were not counted/],
      [queryOf(["width=wide"]), 400, /has no number or range; write width=10\.\.20/],
      [queryOf(["label.colour=red"]), 400, /has an unknown name/],
      [queryOf(["lang"]), 400, /has no name and value; write name=value/],
      [queryOf(["nowhere=1"]), 404, /has no column "nowhere" to filter by/],
      [queryOf([], { sort: "lang" }), 400, /is not what rows are sorted by: uploaded, source_name/],
    ] as const) {
      const response = await fetch(`${server.url}/rows?${query}`);
      expect(response.status).toBe(status);
      expect(((await response.json()) as { error: { message: string } }).error.message).toMatch(message);
    }
  });
});

describe("when labels are counted", () => {
  beforeAll(async () => {
    const result = await countLabels({ tasks: ["words"] });
    expect(result).toMatchObject({
      ...{ rows: ROWS.length, rows_counted: ROWS.length, rows_uncounted: 0 },
      labels: ROWS.filter(({ words }) => words !== undefined).length,
      regions: ROWS.reduce((sum, { words }) => sum + (words?.length ?? 0), 0),
      characters: ROWS.reduce((sum, row) => sum + characters(row), 0),
    });
  });

  const has = (row: Known, kind: string) => row.words?.some((word) => word.kind === kind) ?? false;

  test("filters of what labels hold meet those of columns and texts", async () => {
    const cases: [string[], Record<string, string>, (row: Known) => boolean][] = [
      [["label.category=table"], {}, (row) => has(row, "table")],
      [["label.category=table", "label.category=그림"], {}, (row) => has(row, "table") || has(row, "그림")],
      [["label.category=title", "lang=ko"], {}, (row) => has(row, "title") && row.lang === "ko"],
      [["label.regions=0"], {}, ({ words }) => words?.length === 0],
      [
        ["label.regions=2..4", "image.pixels=400000.."],
        {},
        ({ words, pixels }) => within(words?.length ?? -1, 2, 4) && pixels >= 400_000,
      ],
      [["label.characters=1.."], {}, (row) => characters(row) > 0],
      [["label.characters=0"], {}, (row) => row.words !== undefined && characters(row) === 0],
      [["label.script=Hangul", "lang=en"], {}, (row) => characters(row) > 0 && row.lang === "en"],
      [["label.script=Han"], {}, () => false],
      [
        ["label.category=table"],
        { text: "낱말 1" },
        (row) => has(row, "table") && (row.words ?? []).some(({ text }) => text.includes("낱말 1")),
      ],
    ];
    for (const [filters, more, holds] of cases) {
      expect(await rowsOf(queryOf(filters, more))).toEqual(ROWS.filter(holds).map(show));
    }
  });

  test("every bar counts the rows that its filter shows, under the other filters", async () => {
    for (const filters of [
      [],
      ["lang=ko"],
      ["label.category=table"],
      ["label.regions=1..4", "image.pixels=300000.."],
    ]) {
      for (const more of [{}, { text: "낱말" }]) {
        const { bars, rows, partitions } = await get<StatisticsDocument>(
          `/statistics?${queryOf(filters, more)}`,
        );
        expect(rows).toBe((await rowsOf(queryOf(filters, more))).length);
        const ofSelection = partitions.filter(({ task }) => task === "words");
        expect(ofSelection.reduce((sum, one) => sum + one.rows, 0)).toBe(rows);
        expect(bars.map(({ name }) => name)).toEqual([
          "lang",
          "shelf",
          "format",
          "image.pixels",
          "label.category",
          "label.script",
          "label.regions",
          "label.characters",
        ]);
        for (const { name, bars: own } of bars) {
          const others = filters.filter((filter) => !filter.startsWith(`${name}=`));
          for (const { value, rows: count } of own) {
            const shown = await get<BrowseDocument>(
              `/rows?${queryOf([...others, `${name}=${value}`], more)}&count=1`,
            );
            expect([name, value, shown.total]).toEqual([name, value, count]);
          }
        }
      }
    }
  });

  test("rows are sorted, anywhere, with filters, and those without a value come last", async () => {
    const orders: [string, (row: Known) => number | string | undefined][] = [
      ["image.pixels", ({ pixels }) => pixels],
      ["label.regions", ({ words }) => words?.length],
      ["label.characters", (row) => row.words && characters(row)],
      ["source_name", ({ name }) => name],
    ];
    for (const [by, valueIn] of orders) {
      for (const sign of [1, -1]) {
        const query = queryOf(["image.pixels=300000.."], { sort: sign < 0 ? `-${by}` : by });
        const wanted = ROWS.filter(({ pixels }) => pixels >= 300_000)
          .map((row) => ({ row, value: valueIn(row) }))
          .sort(({ value: a }, { value: b }) => {
            if (a === b) return 0;
            if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
            return (a < b ? -1 : 1) * sign;
          })
          .map(({ row }) => show(row));
        expect(await rowsOf(query)).toEqual(wanted);
        const some = await get<BrowseDocument>(`/rows?${query}&at=5&count=7`);
        expect(some.rows.map((row) => show({ ...row, name: row.source_name ?? "" }))).toEqual(
          wanted.slice(5, 12),
        );
      }
    }
    const newest = await rowsOf(queryOf([], { sort: "-uploaded" }));
    expect(newest).toEqual(ROWS.map(show).reverse());
    const some = await get<BrowseDocument>(
      `/rows?${queryOf(["lang=ko"], { sort: "-uploaded" })}&at=3&count=4`,
    );
    expect(some.rows.map((row) => row.source_name)).toEqual([20, 19, 18, 17].map(nameOf));
  });

  test("filters are those of a search and a download too", async () => {
    const found = await runProgram(world, [
      "search",
      "--task",
      "words",
      "--where",
      "lang=ko",
      "--where",
      "label.regions=3..",
      "--json",
    ]);
    const wanted = ROWS.filter(({ lang, words }) => lang === "ko" && (words?.length ?? 0) >= 3);
    expect(JSON.parse(found.stdout).row_count).toBe(wanted.length);
    const wrong = await runProgram(world, ["search", "--where", "width=wide"]);
    expect([wrong.exit, wrong.stderr]).toEqual([2, expect.stringContaining("has no number or range")]);
  });

  test("rows that come later are counted on their own, and the others stay counted", async () => {
    const later = ROWS.filter(({ variant }) => variant === "en").map((row) => ({ ...row, variant: "fr" }));
    await uploadLabels("fr", later);
    await fetch(`${server.url}/process`, { method: "POST" });
    const all = () => get<StatisticsDocument>(`/statistics?${WORDS}`);
    await until(async () => (await all()).rows === ROWS.length + later.length);
    expect(await all()).toMatchObject({ rows_counted: ROWS.length, rows_uncounted: later.length });
    expect(await rowsOf(queryOf(["label.category=table"], { variants: "ko" }))).not.toEqual([]);
    const counted = await countLabels({ tasks: ["words"] });
    expect(counted).toMatchObject({ rows_uncounted: 0, rows_counted: ROWS.length + later.length });
    expect((await rowsOf(queryOf(["label.category=table"]))).length).toBe(
      [...ROWS, ...later].filter((row) => has(row, "table")).length,
    );
  });

  test("counts that are damaged or gone are made again", async () => {
    const folder = join(world.folder, "cache", "label-facts");
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".parquet"));
    expect(files.length).toBeGreaterThan(1);
    const [first = "", second = ""] = files;
    await writeFile(join(folder, first), "PAR1 no more");
    await rm(join(folder, second));
    const { stdout } = await runProgram(world, [
      "run",
      "statistics",
      "--request",
      '{"tasks":["words"]}',
      "--json",
    ]);
    expect((JSON.parse(stdout) as StatisticsDocument).rows_uncounted).toBe(0);
    expect((await readFile(join(folder, first))).length).toBeGreaterThan(100);
    await stat(join(folder, second));
  });

  test("what was counted by another view meets no filter, nor where the view is gone", async () => {
    const table = (more = {}) => queryOf(["label.category=table"], more);
    const edit = (view: string) => run(["config", "task", "edit", "words", "--view", view]);
    const counted = () => get<StatisticsDocument>(`/statistics?${table()}`);
    expect((await counted()).rows).toBeGreaterThan(0);
    const other = join(world.folder, "other.json");
    await writeFile(other, JSON.stringify({ ...VIEW, category: "text" }));
    await edit(other);
    expect(await counted()).toMatchObject({ rows: 0, rows_counted: 0 });
    await edit("none");
    expect(await rowsOf(table())).toEqual([]);
    expect(await counted()).toMatchObject({ rows: 0, rows_counted: 0, rows_uncounted: 0 });
    await edit(join(world.folder, "view.json"));
    expect((await counted()).rows).toBeGreaterThan(0);
  });
});
