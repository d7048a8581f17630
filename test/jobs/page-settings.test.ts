import { expect, setDefaultTimeout, test } from "bun:test";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encryptedPdf } from "../documents/encrypt-pdf.ts";
import { encodeJ2k } from "../documents/jpeg2000.ts";
import { BATANG, NOTO_SANS_KR, show } from "../documents/korean.ts";
import { samplesOf } from "../documents/samples.ts";
import { GREY, imageObject, scanJpeg } from "../documents/scans.ts";
import { pdfOf } from "../documents/write-pdf.ts";
import {
  makeImage,
  makeWorld,
  readRejects,
  readRows,
  runProgram,
  sha256,
  type World,
} from "./staging-kit.ts";

setDefaultTimeout(120_000);

/** Uploads a folder as the raw dataset hub/pages and processes it; gives the upload's outcome. */
async function upload(world: World, folder: string, ...flags: string[]) {
  const place = ["--type", "raw", "--provider", "hub", "--dataset", "pages"];
  const staged = await runProgram(world, ["upload", folder, ...place, ...flags, "--json"]);
  if (staged.exit !== 0) throw new Error(staged.stderr);
  const { stdout, stderr } = await runProgram(world, ["process", "start", "--wait", "--json"]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout).uploads.at(-1);
}

async function put(world: World, files: Record<string, Uint8Array>): Promise<string> {
  const folder = join(world.folder, "문서");
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return folder;
}

const box = [0, 0, 200, 100] as const;
const drawn = (text: string) => pdfOf([{ content: `0 0 ${text.length * 9} 50 re f`, box }]);

async function scanned(): Promise<Buffer> {
  const image = imageObject(await scanJpeg(1), "/DCTDecode", GREY);
  return pdfOf([{ content: "q 595 0 0 842 0 0 cm /I Do Q", resources: "/XObject<</I @0>>" }], [image]);
}

test.each([
  ["auto", ["drawn.pdf"]],
  ["always", ["drawn.pdf", "scan.pdf"]],
  ["never", []],
] as const)("images.keep_documents = %s keeps %j", async (when, kept) => {
  const world = await makeWorld({ DATALAKE_IMAGES_KEEP_DOCUMENTS: when });
  const files: Record<string, Buffer> = { "drawn.pdf": drawn("가"), "scan.pdf": await scanned() };
  expect(await upload(world, await put(world, files))).toMatchObject({ status: "completed", rows: 2 });
  const rows = await readRows(world);
  expect(rows.map(({ page_source }) => page_source)).toEqual(["drawn", "image"]);
  const found = rows.filter(({ document_path }) => document_path !== null);
  expect(found.map(({ source_name }) => String(source_name).replace("#page=1", ""))).toEqual([...kept]);
  for (const { document_path, document, source_name } of found) {
    const bytes = await readFile(world.lake.layout.asset(String(document_path)));
    expect(bytes.equals(files[String(source_name).replace("#page=1", "")] ?? Buffer.alloc(0))).toBe(true);
    expect(sha256(bytes)).toBe(String(document));
  }
  const assets = await readdir(world.lake.layout.assets, { recursive: true });
  expect(assets.filter((name) => name.endsWith(".pdf"))).toHaveLength(kept.length);
});

test("--text-layer, --font and --password-file reach the job", async () => {
  const world = await makeWorld();
  const page = { content: show("대한민국", { x: 50, y: 400 }), resources: `/Font<</K ${BATANG}>>` };
  const folder = await put(world, {
    "locked.pdf": encryptedPdf([page], { user: "열려라", owner: "주인" }),
    "open.pdf": pdfOf([{ ...page, content: show("계약", { x: 50, y: 400 }) }]),
  });
  const passwords = join(world.folder, "passwords.txt");
  await writeFile(passwords, "아니다\n열려라\n");
  await chmod(passwords, 0o600);
  const flags = ["--text-layer", "--font", NOTO_SANS_KR, "--password-file", passwords];
  expect(await upload(world, folder, ...flags)).toMatchObject({ status: "completed", rows: 2, rejected: 0 });
  const texts = (await readRows(world)).map(({ text_layer }) => JSON.parse(String(text_layer)));
  expect(texts).toMatchObject([{ text: "대한민국" }, { text: "계약" }]);
  expect(texts[0].words[0]).toMatchObject({ text: "대한민국" });
});

test("pages without text are told where their words were asked for, and those with some are read by the view", async () => {
  const world = await makeWorld();
  const words = "BT /F 20 Tf 50 400 Td (Contract) Tj ET";
  const font = "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>";
  const files = {
    "scan.pdf": await scanned(),
    "text.pdf": pdfOf([{ content: words, resources: font }, { content: "0 0 90 50 re f" }]),
  };
  await runProgram(world, ["config", "task", "edit", "raw", "--view", "text-layer"]);
  const outcome = await upload(world, await put(world, files), "--text-layer");
  expect(outcome).toMatchObject({
    rows: 3,
    text_layer: { pages: 3, without_text: 2 },
    labels: { checked: 1, unfit: 0 },
  });
  const { stdout } = await runProgram(world, ["process", "status"]);
  expect(stdout).toContain("2 of 3 pages have no text: text_layer is empty there");
});

test("a file that cannot be converted costs its row alone, also among others of one batch", async () => {
  const world = await makeWorld({ DATALAKE_PROCESSING_BATCH_SIZE: "4" });
  const damaged = Buffer.concat([
    Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"),
    Buffer.alloc(99),
  ]);
  const files: Record<string, Uint8Array> = {
    "b.heic": damaged,
    "d.heic": Buffer.concat([damaged, damaged]),
  };
  for (const name of ["a", "c", "e"]) files[`${name}.png`] = await makeImage(name.charCodeAt(0), "png");
  const outcome = await upload(world, await put(world, files), "--max-rejects", "2");
  expect(outcome).toMatchObject({ status: "completed", rows: 3, rejected: 2 });
  const rejects = await readRejects(world, outcome.upload_id);
  expect(rejects.map(({ source_name }) => source_name)).toEqual(["b.heic", "d.heic"]);
  for (const { reason } of rejects) expect(reason).toMatch(/HEIC/);
  expect((await readRows(world)).map(({ source_name }) => source_name)).toEqual(["a.png", "c.png", "e.png"]);
});

test("JPEG 2000 of 16 bits becomes an image of 16 bits, or stays the file that it was", async () => {
  const [width, height] = [97, 61];
  const values = Uint16Array.from({ length: width * height }, (_, at) => (at * 11) % 65_536);
  const data = new Uint8Array(values.buffer);
  const j2k = await encodeJ2k({ data, width, height, channels: 1, bits: 16 });
  for (const policy of ["optimize", "preserve"]) {
    const world = await makeWorld();
    const folder = await put(world, { "사진.j2k": j2k });
    const outcome = await upload(world, folder, "--images", policy);
    expect(outcome).toMatchObject({ status: "completed", rows: 1, rejected: 0 });
    const [row] = await readRows(world);
    expect(row).toMatchObject({ source_name: "사진.j2k", width, height });
    const stored = await readFile(world.lake.layout.asset(String(row?.path)));
    if (policy === "preserve") expect(stored.equals(Buffer.from(j2k))).toBe(true);
    else expect((await samplesOf(stored)).data).toEqual(values);
  }
});
