/** Pages and labels for trainers, downloaded in every format; what is expected comes from the rows of the lake. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { DatalakeClient } from "../../src/client/index.ts";
import type { ExportFormatName } from "../../src/export/formats.ts";
import { openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";
import { createProgram } from "../interop/program.ts";
import { runPython } from "../interop/python.ts";

type Box = [x1: number, y1: number, x2: number, y2: number];
interface Drawn {
  box: Box;
  text: string;
  category: string;
  points?: [number, number][];
}
interface PageSpec {
  name: string;
  size: [width: number, height: number];
  drawn: Drawn[];
  orientation?: number;
}

const LONG = `${"계약서_별지_".repeat(16)}.1.jpg`;

/** Rows with their pages: of one without boxes first, of several pages, one that lies on its side, long names. */
const ROWS: PageSpec[][] = [
  [{ name: "빈 쪽.png", size: [600, 400], drawn: [] }],
  [
    {
      name: "p1.jpg",
      size: [800, 1100],
      drawn: [
        { box: [100, 60, 700, 130], text: "표준 근로 계약서", category: "title" },
        {
          box: [80, 180, 720, 220],
          text: '제1조 (목적) 이 계약은 "갑"과 "을"의 관계를 정한다.',
          category: "text",
        },
        { box: [80, 240, 600, 280], text: "금액: <image> 1,234,000원\\월", category: "text" },
        {
          box: [70, 320, 371, 362],
          text: "기울어진 글자 <bbox>",
          category: "text",
          points: [
            [72, 330],
            [370, 320],
            [371, 352],
            [70, 362],
          ],
        },
        { box: [80, 420, 720, 900], text: "", category: "table" },
      ],
    },
  ],
  [
    {
      name: "p3a.jpg",
      size: [700, 900],
      drawn: [
        { box: [50, 50, 650, 110], text: "위임장", category: "title" },
        { box: [0, 860, 700, 900], text: "1 / 2", category: "text" },
      ],
    },
    {
      name: "p3b.v2.jpg",
      size: [500, 500],
      drawn: [{ box: [20, 30, 480, 90], text: "끝. ✓ — 印", category: "text" }],
    },
  ],
  [
    {
      name: "옆으로.jpg",
      size: [640, 480],
      orientation: 6,
      drawn: [{ box: [10, 20, 600, 80], text: "똑바로", category: "text" }],
    },
  ],
  [
    {
      name: LONG,
      size: [300, 300],
      drawn: [{ box: [10, 10, 200, 100], text: "긴 이름", category: "title" }],
    },
  ],
];

export interface SeenPage {
  page: string | null;
  size: [number, number];
  boxes?: Box[];
  texts?: string[];
  categories?: (string | null)[];
  answers?: [string, string][];
}
export type Seen = Record<
  string,
  { pages: SeenPage[]; problems: string[]; read?: string[]; resized?: SeenPage[] }
>;

export interface ExpectedPage {
  stem: string;
  size: [number, number];
  boxes: Box[];
  texts: string[];
  categories: string[];
}

const VIEW = {
  items: "$.regions",
  box: "points",
  form: "poly",
  text: "text",
  category: "category",
  categories: ["title", "text", "table", "signature"],
  page: "page",
};

async function draw({ size: [width, height], orientation }: PageSpec, seed: number): Promise<Buffer> {
  const [w, h] = orientation === 6 ? [height, width] : [width, height];
  const image = sharp({
    create: { width: w, height: h, channels: 3, background: { r: 250 - seed * 20, g: 240, b: 230 } },
  });
  return (orientation === undefined ? image : image.withMetadata({ orientation })).jpeg().toBuffer();
}

async function writeRows(folder: string): Promise<string> {
  const values: string[] = [];
  let seed = 0;
  for (const pages of ROWS) {
    const images: string[] = [];
    for (const page of pages) {
      const bytes = await draw(page, seed++);
      images.push(`{'bytes': from_hex('${bytes.toString("hex")}'), 'path': ${quoteText(page.name)}}`);
    }
    const regions = pages.flatMap(({ drawn }, page) =>
      drawn.map(({ box: [x1, y1, x2, y2], points, text, category }) => {
        const corners = [
          [x1, y1],
          [x2, y1],
          [x2, y2],
          [x1, y2],
        ];
        return { points: points ?? corners, text, category, page };
      }),
    );
    values.push(`([${images.join(", ")}], ${quoteText(JSON.stringify({ regions }))})`);
  }
  const path = join(folder, "rows.parquet");
  const database = await openDatabase({ scratch: folder });
  try {
    await database.run(
      `COPY (SELECT * FROM (VALUES ${values.join(", ")}) AS t(images, label)) TO ${quoteText(path)}`,
    );
  } finally {
    database.close();
  }
  return path;
}

/** A lake with the rows, in a new folder. */
export async function makeTrainerLake() {
  const folder = await mkdtemp(join(tmpdir(), "datalake-trainers-"));
  const program = createProgram(folder);
  await program.run("init");
  await program.run("config", "provider", "create", "hub");
  await writeFile(join(folder, "view.json"), JSON.stringify(VIEW));
  await program.run(
    "config",
    "task",
    "create",
    "ocr",
    "--required",
    "lang",
    "--allow",
    "lang=ko",
    "--view",
    "view.json",
  );
  const at = [
    "--provider",
    "hub",
    "--dataset",
    "계약서",
    "--task",
    "ocr",
    "--variant",
    "줄",
    "--meta",
    "lang=ko",
  ];
  await program.run("upload", await writeRows(folder), "--type", "task", ...at, "--images", "preserve");
  await program.run("process", "start", "--wait");
  const client = new DatalakeClient({ basePath: program.lake });
  const download = async (format: ExportFormatName, more: object = {}) => {
    const output = join(folder, "out", format);
    const { samples } = await client.download({ output, format, query: { tasks: ["ocr"] }, ...more });
    return { output, samples };
  };
  return { folder, lake: program.lake, client, download, expected: () => readExpected(client) };
}

/** What the rows of the lake say of their pages. */
async function readExpected(client: DatalakeClient): Promise<ExpectedPage[]> {
  const { batches } = await client.search({ tasks: ["ocr"] });
  const pages: ExpectedPage[] = [];
  for await (const batch of batches) {
    for (const row of batch) {
      const list = (name: string) => Array.from(row[name] as Iterable<string | number>);
      const [names, widths, heights] = [
        list("images_source_name"),
        list("images_width"),
        list("images_height"),
      ];
      const { regions } = JSON.parse(String(row.label)) as {
        regions: { points: [number, number][]; text: string; category: string; page: number }[];
      };
      for (const [page, name] of names.entries()) {
        const on = regions.filter((region) => region.page === page);
        pages.push({
          stem: stemOf(String(name)),
          size: [Number(widths[page]), Number(heights[page])],
          boxes: on.map(({ points }) => {
            const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
            return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
          }),
          texts: on.map(({ text }) => text),
          categories: on.map(({ category }) => category),
        });
      }
    }
  }
  return pages;
}

/** What a page is called, without what formats make of its name: letters, the begin of its digest, its ending. */
export function stemOf(name: string): string {
  const base = name.split("/").at(-1) ?? "";
  const stem = base.replace(/\.\w+$/, "").replace(/-[0-9a-f]{12}$/, "");
  return stem
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}]+/gu, "")
    .slice(0, 20);
}

/** Loads outputs in an environment with the trainers' own packages. */
export async function loadAll(environment: string, outputs: Record<string, string>): Promise<Seen> {
  const text = await runPython(environment, "../trainers/load.py", ...Object.entries(outputs).flat());
  return JSON.parse(text) as Seen;
}
