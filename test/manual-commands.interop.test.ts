import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { listTopics } from "../src/docs/pages.ts";
import { startLoopback } from "./athena/loopback.ts";
import { builtBinary } from "./binary/binary.ts";
import { pdfOf } from "./documents/write-pdf.ts";
import { useMoto } from "./engines/moto.ts";
import { trinoWanted, useTrino } from "./engines/trino.ts";
import { zipOf } from "./ingest/zip-kit.ts";
import { pythonOf } from "./interop/python.ts";

setDefaultTimeout(300_000); // a story of many commands, on a machine that may be busy elsewhere

interface Block {
  language: "sh" | "python" | "ts";
  /** Where its code begins: page and line, counted from 1. */
  place: string;
  code: string;
}

/** Blocks of other languages are not run: they need a person, a server or root. */
async function blocksOf(page: string): Promise<Block[]> {
  const markdown = await readFile(join(import.meta.dir, "..", page), "utf8");
  return [...markdown.matchAll(/^```(sh|python|ts)\n(.*?)^```$/gms)].map(
    ({ 1: language, 2: code, index }) => ({
      language: language as Block["language"],
      place: `${page}:${markdown.slice(0, index).split("\n").length + 1}`,
      code: code as string,
    }),
  );
}

let folder: string;
let cloud: Awaited<ReturnType<typeof startCloud>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-manual-"));
  await mkdir(join(folder, "bin"));
  await mkdir(join(folder, "home"));
  await mkdir(join(folder, "work", "scans"), { recursive: true });
  const wrapper = join(folder, "bin", "datalake");
  await writeFile(wrapper, `#!/bin/sh\nexec '${await builtBinary()}' "$@"\n`);
  await chmod(wrapper, 0o755);
  await writePages(join(folder, "work"), 6);
  await writeArchives(join(folder, "work"));
  await mkdir(join(folder, "node_modules"));
  await symlink(resolve(import.meta.dir, ".."), join(folder, "node_modules", "datalake"));
  cloud = await startCloud();
});

/** What the settings of the page name: a bucket, an Athena, a Trino; undefined where tests run without Trino. */
async function startCloud() {
  if (!trinoWanted) return undefined;
  const [moto, trino] = await Promise.all([useMoto(), useTrino()]);
  const bucket = await moto.createBucket();
  const ofAthena = await trino.createCatalog({ properties: moto.trinoProperties(bucket) });
  const own = await trino.createCatalog({
    properties: { ...moto.trinoProperties(bucket), "hive.metastore.catalog.dir": `s3://${bucket}/own-meta` },
  });
  await trino.run(`CREATE SCHEMA ${ofAthena}.unload WITH (location = 's3://${bucket}/schema')`);
  const loopback = await startLoopback({
    trino: { url: trino.url, catalog: ofAthena, schema: "datalake" },
    unload: { catalog: ofAthena, schema: "unload" },
  });
  const env = {
    AWS_ACCESS_KEY_ID: moto.accessKeyId,
    AWS_SECRET_ACCESS_KEY: moto.secretAccessKey,
    DATALAKE_S3_BUCKET: bucket,
    DATALAKE_S3_ENDPOINT: moto.endpoint,
    DATALAKE_S3_REGION: moto.region,
    DATALAKE_ATHENA_REGION: moto.region,
    DATALAKE_ATHENA_ENDPOINT: loopback.endpoint,
    DATALAKE_ATHENA_OUTPUT: `s3://${bucket}/results`,
    DATALAKE_TRINO_URL: trino.url,
    DATALAKE_TRINO_CATALOG: own,
  };
  return { env, close: () => loopback.close() };
}

afterAll(async () => {
  cloud?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the first page says is there: page images in `scans/`, and a label for each in `labels.jsonl`. */
async function writePages(work: string, count: number): Promise<void> {
  const labels: string[] = [];
  for (let page = 1; page <= count; page++) {
    const source_name = `쪽-${String(page).padStart(3, "0")}.${page % 2 === 0 ? "jpg" : "png"}`;
    const background = { r: 40 * page, g: 200, b: 100 };
    const image = sharp({ create: { width: 60 + page, height: 80, channels: 3, background } });
    await image.toFile(join(work, "scans", source_name));
    const label = { words: [{ text: `영수증 ${page}`, bbox: [1, 2, 30, 40] }] };
    labels.push(JSON.stringify({ source_name, label }));
  }
  await writeFile(join(work, "labels.jsonl"), `${labels.join("\n")}\n`);
}

/** Two zips, of pages and of their labels, and a PDF of two pages. */
async function writeArchives(work: string): Promise<void> {
  const names = ["계약/0001", "계약/0002"];
  const pages = names.map(async (name, at) => {
    const background = { r: 200, g: 40 * at, b: 100 };
    const image = sharp({ create: { width: 50 + at, height: 70, channels: 3, background } });
    return { name: `1.Training/${name}.jpg`, data: await image.jpeg().toBuffer() };
  });
  await writeFile(join(work, "원천데이터.zip"), zipOf(await Promise.all(pages)));
  const labels = names.map((name) => ({
    name: `1.Training/${name}.json`,
    data: Buffer.from(JSON.stringify({ words: [{ text: "계약", bbox: [1, 2, 30, 40] }] })),
  }));
  await writeFile(join(work, "라벨링데이터.zip"), zipOf(labels));
  const squares = [20, 60].map((side) => ({ content: `0 0 0 rg 20 20 ${side} ${side} re f` }));
  await writeFile(join(work, "계약서.pdf"), pdfOf(squares));
}

/** One shell session over all sh blocks: what a block exports is there in the next one. */
async function commandOf(language: Block["language"], code: string): Promise<string[]> {
  if (language === "python") return [pythonOf("datasets-newest"), "-c", code];
  if (language === "ts") {
    const script = join(folder, "work", "example.ts");
    await writeFile(script, code);
    return [process.execPath, script];
  }
  const exports = join(folder, "exports");
  return [
    "bash",
    "-c",
    `set -eu\n[ ! -e '${exports}' ] || . '${exports}'\n${code}\nexport -p > '${exports}'`,
  ];
}

async function runBlock({ language, code }: Block): Promise<{ exit: number; said: string }> {
  const child = Bun.spawn(await commandOf(language, code), {
    cwd: join(folder, "work"),
    env: {
      PATH: `${join(folder, "bin")}:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: join(folder, "home"),
      LANG: "C.UTF-8",
      HF_HUB_OFFLINE: "1",
      ...cloud?.env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { exit: await child.exited, said: said.join("\n") };
}

test("every command of the first page and of the manual runs, from the first to the last", async () => {
  const pages = listTopics().map(({ topic }) =>
    topic === "overview" ? "README.md" : `src/docs/${topic}.md`,
  );
  const blocks = (await Promise.all(pages.map(blocksOf))).flat();
  expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(["sh", "python", "ts"]));
  for (const block of blocks) {
    if (cloud === undefined && block.code.includes("--to athena")) continue;
    const { exit, said } = await runBlock(block);
    if (exit !== 0) throw new Error(`${block.place} ended with ${exit}:\n${block.code}\n${said}`);
  }
});
