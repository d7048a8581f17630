import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { quoteText } from "../../src/query/sql.ts";
import { type BenchContext, type Benchmark, type Result, ratioResult } from "./benchmark.ts";
import { once } from "./corpus.ts";
import { memoryResult } from "./download.ts";
import { pages } from "./images.ts";
import { type BenchLake, createBenchLake } from "./lake.ts";
import { compareInTurn, runCommand } from "./measure.ts";

const VIEW =
  "items: $.words\nbox: bbox\nform: xyxy\ntext: text\ncategory: kind\ncategories: [title, text, table]\n";

/** Label rows of three regions each, of the pages in turn. */
function labelRows(context: BenchContext, pageCount: number): Promise<string> {
  const count = Math.round(1_000_000 * context.scale);
  return once(join(context.corpora, `labels-of-${pageCount}-pages-${count}`), async (folder) => {
    const connection = await (await DuckDBInstance.create()).connect();
    const box = (at: number) => `[${100 + at * 300}, i % 1000, ${350 + at * 300}, i % 1000 + 40]`;
    const word = (at: number) => `{'text': '세금계산서 합계 ' || i, 'bbox': ${box(at)}, 'kind': 'text'}`;
    await connection.run(
      `COPY (SELECT printf('%06d_쪽.jpg', i % ${pageCount}) AS source_name,
        CAST(to_json({'words': [${[0, 1, 2].map(word).join(", ")}]}) AS VARCHAR) AS label
        FROM range(${count}) AS t(i)) TO ${quoteText(join(folder, "labels.parquet"))} (FORMAT parquet)`,
    );
    connection.closeSync();
  });
}

async function fill(context: BenchContext): Promise<BenchLake> {
  const count = Math.round(2000 * context.scale);
  const lake = await createBenchLake(context);
  await lake.upload(await pages(context), "pages", "--verify", "header");
  const view = join(context.work, "view.yaml");
  await writeFile(view, VIEW);
  await lake.run("config", "task", "edit", "ocr", "--view", view);
  const labels = join(await labelRows(context, count), "labels.parquet");
  const task = ["--type", "task", "--provider", "bench", "--dataset", "pages", "--task", "ocr"];
  await lake.process();
  await lake.run("upload", labels, ...task, "--variant", "words", "--meta", "lang=ko", "--meta", "src=real");
  await lake.process();
  return lake;
}

async function timeFormat(
  context: BenchContext,
  lake: BenchLake,
  format: "coco" | "ms-swift",
): Promise<Result[]> {
  const output = join(context.work, "out");
  const [rows, copy] = [join(context.work, "rows.ndjson"), join(context.work, "copy")];
  const select = ["download", "--task", "ocr"];
  let peakBytes = 0;
  const job = async () => {
    await rm(output, { recursive: true, force: true });
    const by = ["--format", format, "--images", "reference"];
    const sample = await lake.run(...select, "--output", output, ...by);
    peakBytes = Math.max(peakBytes, sample.peakBytes);
    return sample.seconds;
  };
  await job();
  const measured = await compareInTurn(context.runs, job, async () => {
    const read = await runCommand(
      ["sh", "-c", `"$0" search --task ocr --format ndjson >"$1"`, context.binary, rows],
      {
        env: lake.env,
      },
    );
    const write = await runCommand(["cp", "-r", output, copy]);
    await rm(copy, { recursive: true });
    await rm(rows);
    return read.seconds + write.seconds;
  });
  await rm(output, { recursive: true });
  const what = `download ${format}, reference, 1,000,000 label rows`;
  return [ratioResult(what, "search --format ndjson + cp of the output", measured, 3), rss(what, peakBytes)];
}

function rss(job: string, peakBytes: number): Result {
  const megabytes = peakBytes / 1e6;
  return {
    ...memoryResult(`${job}: RSS`),
    jobFigure: `${megabytes.toFixed(0)} MB`,
    value: megabytes,
    limit: 500,
  };
}

const training: Benchmark = {
  name: "training",
  run: async (context) => {
    const lake = await fill(context);
    return [...(await timeFormat(context, lake, "coco")), ...(await timeFormat(context, lake, "ms-swift"))];
  },
};

const webdataset: Benchmark = {
  name: "webdataset",
  run: async (context) => {
    const lake = await createBenchLake(context);
    await lake.upload(await pages(context), "pages", "--verify", "header");
    await lake.process();
    const [output, archive] = [join(context.work, "out"), join(context.work, "floor.tar")];
    let peakBytes = 0;
    const measured = await compareInTurn(
      context.runs,
      async () => {
        const sample = await lake.run("download", "--output", output, "--format", "webdataset");
        peakBytes = Math.max(peakBytes, sample.peakBytes);
        await rm(output, { recursive: true });
        return sample.seconds;
      },
      async () => {
        const { seconds } = await runCommand(["tar", "-cf", archive, join(lake.root, "assets")]);
        await rm(archive);
        return seconds;
      },
    );
    const what = "download webdataset, 2,000 pages";
    return [ratioResult(what, "tar of the same files", measured, 1.5), rss(what, peakBytes)];
  },
};

export const trainingBenchmarks = [training, webdataset];
