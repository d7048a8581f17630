import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import type { CompareResult } from "../../src/schema/label-compare.ts";
import type { OperationState } from "../../src/schema/operation.ts";
import type { BrowseDocument } from "../../src/schema/page-documents.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { once } from "./corpus.ts";
import { runCommand } from "./measure.ts";
import { percentile, type Server, startServer } from "./server.ts";
import { milliseconds, spread, visit, withBrowser } from "./web.ts";
import { makeVariantLake } from "./web-lakes.ts";

const SIZE = { width: 2480, height: 3508 };
const WORDS = 2000;
const PAGES = 10_000;
const VIEW = "items: $.words\nbox: bbox\nform: xyxy\ntext: text\ncategory: kind\n";

/** One page with many words in Chromium, and two variants of labels of many pages. */
const page: Benchmark = {
  name: "page",
  run: async (context) => {
    const pages = Math.round(PAGES * context.scale);
    const folder = await once(join(context.corpora, `page-${WORDS}-${pages}`), (temp) =>
      makeLake(context, temp, pages),
    );
    const server = await startServer(context, envOf(folder, context.work));
    try {
      const shown = await withBrowser((browser) => showAndZoom(browser, server));
      return [...shown, await compareAll(server, pages)];
    } finally {
      await server.stop();
    }
  },
};

function envOf(folder: string, work: string): Record<string, string> {
  return {
    DATALAKE_LAKE: join(folder, "lake"),
    DATALAKE_CACHE: join(work, "cache"),
    DATALAKE_SCRATCH: join(work, "scratch"),
    CI: "1",
  };
}

async function makeLake({ binary, work }: BenchContext, folder: string, pages: number): Promise<void> {
  await makeVariantLake(folder, pages);
  const env = envOf(folder, work);
  const run = (...args: string[]) => runCommand([binary, ...args, "--json", "--quiet"], { env });
  await writeFile(join(folder, "view.yaml"), VIEW);
  await run("config", "provider", "create", "bench");
  await run("config", "task", "create", "words", "--view", join(folder, "view.yaml"));
  await makeWordPage(folder);
  const at = ["--provider", "bench", "--dataset", "one"];
  await run("upload", join(folder, "images"), "--type", "raw", ...at);
  await run("process", "start", "--wait");
  const labels = join(folder, "labels.jsonl");
  await run("upload", labels, "--type", "task", ...at, "--task", "words", "--variant", "v1");
  await run("process", "start", "--wait");
}

/** A scan with 2,000 words where its label says them. */
async function makeWordPage(folder: string): Promise<void> {
  const words = Array.from({ length: WORDS }, (_, at) => {
    const [x, y] = [120 + (at % 20) * 112, 150 + Math.floor(at / 20) * 32];
    const text = `${["아메리카노", "합계금액", "부가가치세", "total"][at % 4]}${at}`;
    return { text, bbox: [x, y, x + 100, y + 26], kind: ["head", "item", "sum"][at % 3] };
  });
  const texts = words.map(
    ({ text, bbox: [x = 0, , , bottom = 0] }) =>
      `<text x="${x}" y="${bottom - 6}" font-size="18" font-family="NanumGothic">${text}</text>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE.width}" height="${SIZE.height}"><rect width="100%" height="100%" fill="#fdfdf8"/>${texts.join("")}</svg>`;
  await mkdir(join(folder, "images"));
  await sharp(Buffer.from(svg))
    .jpeg({ quality: 90 })
    .toFile(join(folder, "images", "쪽.jpg"));
  await writeFile(join(folder, "labels.jsonl"), JSON.stringify({ source_name: "쪽.jpg", label: { words } }));
}

/** Turns the wheel with every frame, nearer and farther; gives the time of each frame. */
const ZOOM = `() => new Promise((resolve) => {
  const canvas = document.querySelector("canvas");
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const frames = [];
  let before = performance.now();
  const turn = (now) => {
    frames.push(now - before);
    before = now;
    if (frames.length === 240) return resolve(frames.slice(2));
    const deltaY = Math.floor(frames.length / 40) % 2 === 0 ? -60 : 60;
    const place = { clientX: left + width / 2, clientY: top + height / 3 };
    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY, ...place, bubbles: true, cancelable: true }));
    requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
})`;

/** From the last byte of the image to the frame that shows it. */
const SHOWN = `() => new Promise((resolve) => {
  const look = () => {
    if (document.querySelector("[data-shown]") === null) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame((now) => {
      const image = performance.getEntriesByType("resource").find(({ name }) => name.includes("/assets/provider"));
      resolve(now - image.responseEnd);
    }));
  };
  look();
})`;

/** Shown and zoomed in a browser that draws without a graphics card. */
export async function showAndZoom(
  browser: Browser,
  server: Pick<Server, "url">,
  query = "datasets=one&tasks=words",
) {
  const answer = await fetch(`${server.url}/rows?${query}&count=1`);
  const { rows } = (await answer.json()) as BrowseDocument;
  const shown: number[] = [];
  const frames: number[] = [];
  for (let run = 0; run < 3; run++) {
    await visit(browser, `${server.url}/ui/page/${rows[0]?.key}`, async (tab) => {
      shown.push((await tab.evaluate(`(${SHOWN})()`)) as number);
      frames.push(...((await tab.evaluate(`(${ZOOM})()`)) as number[]));
    });
  }
  const what = `a page of ${SIZE.width}x${SIZE.height} with ${WORDS} words`;
  const few = `p50 ${percentile(frames, 0.5).toFixed(1)}, p95 ${percentile(frames, 0.95).toFixed(1)}, over 33 ms: ${frames.filter((ms) => ms > 33.4).length} of ${frames.length}`;
  return [
    milliseconds(`${what}: shown after the image's bytes`, percentile(shown, 0.5), 300, spread(shown)),
    milliseconds(`${what}: worst frame while zooming`, percentile(frames, 1), 33.4, few),
  ];
}

async function compareAll(server: Pick<Server, "url">, pages: number): Promise<Result> {
  const url = `${server.url}/operations/compare`;
  const body = { provider: "bench", dataset: "pages", task: "words", a: "a", b: "b" };
  const startedMs = performance.now();
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  let state = (await answer.json()) as OperationState;
  const seen = new Set<string>();
  while (state.status === "queued" || state.status === "running") {
    await Bun.sleep(50);
    state = (await (await fetch(`${url}/${state.id}`)).json()) as OperationState;
    if (state.progress !== null) seen.add(JSON.stringify(state.progress));
  }
  const { pages: compared } = state.result as CompareResult;
  if (compared !== pages) throw new Error(`compared ${compared} of ${pages} pages`);
  const seconds = (performance.now() - startedMs) / 1000;
  const job = `compare the labels of ${PAGES.toLocaleString("en")} pages of 100 words`;
  return {
    ...{
      job,
      floor: "",
      floorFigure: "",
      jobFigure: `${seconds.toFixed(2)} s`,
      value: seconds,
      limit: 5,
      unit: "s",
    },
    note: `${seen.size} steps of progress`,
  };
}

export const pageBenchmarks = [page];
