/** Every parser of the product that meets bytes of others, with good bytes to begin with. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Binary, Int32, Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { foreignFormat, foreignReason } from "../../../src/images/foreign.ts";
import { OPEN_GATE } from "../../../src/images/gate.ts";
import { normalizeImage } from "../../../src/images/normalize.ts";
import { sniffFormat } from "../../../src/images/sniff.ts";
import { createByteReader } from "../../../src/ingest/bytes.ts";
import { decompressLz4Block, decompressLz4Frame } from "../../../src/ingest/lz4.ts";
import { decodeDeltas } from "../../../src/ingest/parquet/deltas.ts";
import { decodeHybrid } from "../../../src/ingest/parquet/levels.ts";
import { decompressSnappy } from "../../../src/ingest/parquet/snappy.ts";
import { readThrift } from "../../../src/ingest/parquet/thrift.ts";
import { describeLake } from "../../../src/lake/lake.ts";
import { readPartitionMetadata, readUploadManifest } from "../../../src/lake/manifests.ts";
import { readTaxonomy } from "../../../src/lake/taxonomy.ts";
import { negotiate } from "../../../src/query/output/negotiate.ts";
import { quoteText } from "../../../src/query/sql.ts";
import { parseHost } from "../../../src/server/auth/host.ts";
import { parseRange } from "../../../src/server/http/byte-range.ts";
import { socketAddress } from "../../../src/server/work/systemd-socket.ts";
import type { IngestKit } from "../../ingest/kit.ts";
import { zipOf } from "../../ingest/zip-kit.ts";
import { makeImage } from "../../jobs/staging-kit.ts";

export interface Parser {
  name: string;
  good: Uint8Array[];
  parse(bytes: Buffer): unknown;
}

export async function createParsers(kit: IngestKit): Promise<Parser[]> {
  return [...blocks(), ...(await images()), ...texts(), ...documents(kit), ...(await inputs(kit))];
}

async function* inPieces(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 61) yield bytes.subarray(at, at + 61);
}

function blocks(): Parser[] {
  const lz4 = Buffer.from([0x48, 97, 98, 99, 100, 4, 0, 0x50, 1, 2, 3, 4, 5]);
  const head = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, lz4.length, 0, 0, 0]);
  return [
    {
      name: "image head",
      good: bitmaps(),
      parse: (bytes) => [sniffFormat(bytes), foreignFormat(bytes), foreignReason(bytes)],
    },
    { name: "lz4 block", good: [lz4], parse: (bytes) => decompressLz4Block(bytes, new Uint8Array(1000)) },
    {
      name: "lz4 frame",
      good: [Buffer.concat([head, lz4, Buffer.alloc(4)])],
      parse: (bytes) => decompressLz4Frame(bytes, 21),
    },
    {
      name: "snappy",
      good: [
        Uint8Array.from([8, 4, 97, 98, 9, 2]),
        Buffer.concat([Buffer.from([70, 0xf0, 63]), Buffer.alloc(64, "글"), Buffer.from([0x16, 3, 0])]),
      ],
      parse: async (bytes) => {
        for await (const _ of decompressSnappy(createByteReader(inPieces(bytes))));
      },
    },
    {
      name: "thrift",
      good: [
        Uint8Array.from([0x15, 0, 0x19, 0x2c, 0x15, 2, 0, 0x15, 4, 0, 0x18, 3, 97, 98, 99, 0x1c, 0x11, 0, 0]),
      ],
      parse: readThrift,
    },
    {
      name: "levels",
      good: [Uint8Array.from([8, 1, 3, 0x88, 0xc6, 0xfa])],
      parse: (bytes) => decodeHybrid(bytes, 3, 12),
    },
    {
      name: "deltas",
      good: [
        Uint8Array.from([128, 1, 4, 5, 2, 2, 0, 0, 0, 0]),
        Uint8Array.from([128, 1, 4, 9, 14, 3, 2, 0, 0, 0, 0xe4, 0, 0, 0, 0, 0, 0, 0]),
      ],
      parse: (bytes) => decodeDeltas(createByteReader(inPieces(bytes)), 1000),
    },
  ];
}

/** Looked at, decoded and made smaller, as a worker does. */
async function images(): Promise<Parser[]> {
  const treat = (bytes: Buffer) =>
    normalizeImage(bytes, { policy: "optimize", verify: "full", maxPixels: 1_000_000, gate: OPEN_GATE });
  const sharp = (await import("sharp")).default;
  const page = await makeImage(1, "png");
  const others = ["tiff", "webp", "avif", "gif"] as const;
  return [
    { name: "bmp", good: bitmaps(), parse: treat },
    { name: "jpeg", good: [await makeImage(1)], parse: treat },
    { name: "png", good: [page], parse: treat },
    ...(await Promise.all(
      others.map(async (name) => ({
        name,
        good: [await sharp(page).toFormat(name).toBuffer()],
        parse: treat,
      })),
    )),
  ];
}

/** Uncompressed, of 24 bits and of 8 with a palette. */
function bitmaps(): Buffer[] {
  return [24, 8].map((bits) => {
    const [width, height, colors] = [6, 4, bits === 8 ? 256 : 0];
    const rowBytes = Math.ceil((width * bits) / 32) * 4;
    const file = Buffer.alloc(54 + colors * 4 + rowBytes * height, 7);
    file.write("BM");
    file.writeUInt32LE(file.length, 2);
    file.writeUInt32LE(54 + colors * 4, 10);
    file.writeUInt32LE(40, 14);
    file.writeInt32LE(width, 18);
    file.writeInt32LE(height, 22);
    file.writeUInt16LE(1, 26);
    file.writeUInt16LE(bits, 28);
    file.fill(0, 30, 54);
    return file;
  });
}

function texts(): Parser[] {
  const parser = (name: string, good: string[], parse: (text: string) => unknown): Parser => ({
    name,
    good: good.map((text) => Buffer.from(text)),
    parse: (bytes) => parse(bytes.toString("latin1")),
  });
  return [
    parser("Range", ["bytes=0-99", "bytes=-100", "bytes=5-"], (text) => parseRange(text, 1000)),
    parser("Accept", ["text/csv, application/json;q=0.5, */*;q=0.1"], negotiate),
    parser("Host", ["lake.example:8091", "[::1]:80", "nas"], parseHost),
    parser("NOTIFY_SOCKET", ["/run/systemd/notify", "@abstract"], socketAddress),
  ];
}

const MANIFEST = {
  format: 1,
  upload_id: "u0123456789abcdef0123456789abcdef",
  created_at: "2026-01-01T00:00:00.000Z",
  created_by: "tester",
  type: "raw",
  provider: "p",
  dataset: "d",
  task: "raw",
  variant: "text",
  mode: "create",
  images: "optimize",
  verify: "full",
  max_rejects: "1%",
  description: "",
  source: "",
  meta: {},
  rows: 3,
  columns: [{ name: "text", type: "VARCHAR" }],
  features: {},
  content: null,
  contents: 0,
  staged_files: 0,
  staged_bytes: 0,
  reference: null,
};

const COLUMNS = [{ name: "text", type: "VARCHAR", nulls: 0 }];

const METADATA = {
  format: 1,
  provider: "p",
  dataset: "d",
  task: "raw",
  variant: "text",
  version: 1,
  base_version: 1,
  rows: 3,
  bytes: 500,
  files: [
    {
      name: "data.parquet",
      kind: "base",
      version: 1,
      rows: 3,
      bytes: 500,
      sha256: "a".repeat(64),
      columns: COLUMNS,
    },
  ],
  columns: COLUMNS,
  features: {},
  uploads: [{ upload_id: MANIFEST.upload_id, version: 1, mode: "create", rows: 3, rejected: 0 }],
};

function documents({ folder }: IngestKit): Parser[] {
  const lake = describeLake(join(folder, "documents"));
  const key = { provider: "p", dataset: "d", task: "raw", variant: "text" };
  const upload = join(lake.layout.pending, MANIFEST.upload_id);
  const document = (name: string, good: string, path: string, read: () => unknown): Parser => ({
    name,
    good: [Buffer.from(good)],
    parse: async (bytes) => {
      await mkdir(join(path, ".."), { recursive: true });
      await writeFile(path, bytes);
      return read();
    },
  });
  return [
    document("manifest", JSON.stringify(MANIFEST), join(upload, "upload.json"), () =>
      readUploadManifest(upload),
    ),
    document("metadata", JSON.stringify(METADATA), join(lake.layout.partition(key), "_metadata.json"), () =>
      readPartitionMetadata(lake, key),
    ),
    document(
      "taxonomy",
      "providers:\n  p: { description: 글 }\ntasks:\n  ocr: { required: [lang], allow: { lang: [ko, en] } }\n",
      lake.layout.taxonomy,
      () => readTaxonomy(lake),
    ),
  ];
}

/** Files as users upload them, read, planned and staged. */
async function inputs(kit: IngestKit): Promise<Parser[]> {
  const { folder, session } = kit;
  const file = (name: string, good: Uint8Array[], ending: string, dataset = name): Parser => ({
    name,
    good,
    parse: async (bytes) => {
      const path = join(folder, `input.${ending}`);
      await writeFile(path, bytes);
      try {
        await kit.stage(path, { dataset: dataset.replaceAll(" ", "-") });
      } finally {
        for (const part of [kit.lake.layout.pending, kit.lake.layout.incoming]) {
          await rm(part, { recursive: true, force: true });
          await mkdir(part);
        }
      }
    },
  });
  const image = await makeImage(1);
  const bytes = `from_hex('${image.toString("hex")}')`;
  const parquet = async (columns: string, options: string) => {
    const path = join(folder, "good.parquet");
    await session.database.run(
      `COPY (SELECT ${columns} FROM range(40)) TO ${quoteText(path)} (FORMAT parquet, ${options})`,
    );
    return Buffer.from(await Bun.file(path).arrayBuffer());
  };
  const images = `{'bytes': ${bytes}, 'path': range || '.jpg'} AS image, range AS id, ['글', 'b'] AS words`;
  const table = new Table({
    text: vectorFromArray(["가", "b", null], new Utf8()),
    id: vectorFromArray([1, 2, 3], new Int32()),
    image: vectorFromArray([image, image, null], new Binary()),
  });
  const lines = (rows: unknown[]) => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return [
    file(
      "parquet",
      [
        await parquet("range || '글' AS text, range AS id", "COMPRESSION snappy"),
        await parquet("range AS id, {'a': [range], 'b': NULL::DATE} AS nested", "COMPRESSION zstd"),
      ],
      "parquet",
    ),
    file(
      "parquet images",
      [
        await parquet(images, "COMPRESSION snappy"),
        await parquet(images, "COMPRESSION lz4_raw, PARQUET_VERSION v2"),
        await parquet(`[{'bytes': ${bytes}, 'path': 'a'}, NULL] AS images, range AS id`, "COMPRESSION zstd"),
      ],
      "parquet",
    ),
    file(
      "arrow",
      [Buffer.from(tableToIPC(table, "file")), Buffer.from(tableToIPC(table, "stream"))],
      "arrow",
    ),
    file(
      "jsonl",
      [
        lines([
          { text: "가", label: { words: [{ t: "a" }] } },
          { text: null, n: 1.5 },
        ]),
      ],
      "jsonl",
    ),
    file(
      "zip",
      [
        zipOf([
          { name: "계약/1.jpg", data: image },
          { name: "계약/1.json", data: '{"글": 1}', deflate: true },
        ]),
        zipOf([{ name: "a.jsonl", data: lines([{ text: "가" }]), deflate: true }]),
      ],
      "zip",
    ),
    file("csv", [Buffer.from('text,id,date\n"가, ""나""",1,2026-01-01\nb,2,\n')], "csv"),
  ];
}
