import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import type { BrowseDocument } from "../../src/schema/page-documents.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { makePages, makeSearchLabels, once, RARE_MARK } from "./corpus.ts";
import { createBenchLake } from "./lake.ts";
import { percentile, type Server, startServer } from "./server.ts";
import { makeTableLake, type TableLake } from "./web-lakes.ts";

const JUMPS = 30;
/** What a person takes to see what came. */
const LOOK_MS = 300;
const THUMBS = 60;
const PEOPLE = 5;
const SECONDS = 15;

type Measure = (browser: Browser, server: Server) => Promise<Result[]>;

export async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

async function onTables(context: BenchContext, browser: Browser, size: TableLake, measure: Measure) {
  const rows = Math.max(10, Math.round(size.rows * context.scale));
  const name = `web-${size.partitions}x${rows}`;
  const folder = await once(join(context.corpora, name), (temp) => makeTableLake(temp, { ...size, rows }));
  const env = {
    DATALAKE_LAKE: join(folder, "lake"),
    DATALAKE_CACHE: join(context.corpora, "..", "bench-cache"),
    DATALAKE_SCRATCH: join(context.work, "scratch"),
  };
  const server = await startServer(context, env);
  try {
    return await measure(browser, server);
  } finally {
    await server.stop();
  }
}

/** Opens a view in a context of its own, with an empty cache. */
export async function visit<T>(browser: Browser, url: string, use: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    await page.goto(url);
    return await use(page);
  } finally {
    await context.close();
  }
}

const SELECTIONS = [
  ["by place", ""],
  ["under filters", "where=format=jpeg&where=image.pixels=2000000..8000000"],
  ["under a filter, sorted by size", "where=lang=ko&sort=-image.pixels"],
] as const;

const browseRows: Measure = async (browser, server) => {
  const results: Result[] = [];
  for (const [how, query] of SELECTIONS) {
    const startedMs = performance.now();
    const answer = await fetch(`${server.url}/rows?${query}&count=1`);
    const { total } = (await answer.json()) as BrowseDocument;
    const firstMs = performance.now() - startedMs;
    const jumps = await visit(browser, `${server.url}/ui/browse?${query}`, async (page) => {
      await page.locator(".grid-cell a").first().waitFor();
      // What is counted beside the grid is not what is measured.
      await page.locator(".facet", { hasText: "Page size" }).locator(".count").first().waitFor();
      const times: number[] = [];
      for (let jump = 0; jump < JUMPS; jump++) {
        const place = 1 + Math.floor(((jump * 0.618034) % 1) * (total - 1));
        times.push((await page.evaluate(`(${JUMP})(${place})`)) as number);
        await Bun.sleep(LOOK_MS);
      }
      return times;
    });
    const note = `${spread(jumps)}; ${total} rows, the first ones after ${firstMs.toFixed(0)} ms`;
    results.push(milliseconds(`jump in 10,000,000 rows, ${how}, p95`, percentile(jumps, 0.95), 100, note));
  }
  return results;
};

/** Goes to a row by the form, as a person does; gives the ms until the row at that place is an element. */
const JUMP = `(place) => new Promise((resolve) => {
  const input = document.querySelector(".jump input");
  input.value = String(place);
  const started = performance.now();
  const isShown = () => document.querySelector('[data-index="' + (place - 1) + '"] .cell a') !== null;
  const look = () => isShown() ? resolve(performance.now() - started) : requestAnimationFrame(look);
  input.form.requestSubmit();
  look();
})`;

const paintDatasets: Measure = async (browser, server) => {
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    times.push(
      await visit(browser, `${server.url}/ui/datasets`, async (page) => {
        await page.locator("main [data-shown], [data-shown] table").first().waitFor({ state: "attached" });
        return (await page.evaluate(
          `performance.getEntriesByName("first-contentful-paint")[0].startTime`,
        )) as number;
      }),
    );
  }
  return [
    milliseconds("first paint of Datasets, 1,000 partitions", percentile(times, 0.5), 500, spread(times)),
  ];
};

async function searchAndShow(context: BenchContext, browser: Browser): Promise<Result[]> {
  const lake = await createBenchLake(context);
  const rows = Math.round(100_000 * context.scale);
  const parts = await once(join(context.corpora, `search-10x${rows}`), (folder) =>
    makeSearchLabels(folder, 10, rows),
  );
  for (let part = 0; part < 10; part++) await lake.upload(join(parts, `part-${part}.parquet`), `set_${part}`);
  const pages = await once(join(context.corpora, `pages-${THUMBS}-7`), (folder) =>
    makePages(folder, THUMBS, "jpeg", 7),
  );
  await lake.upload(pages, "pages");
  await lake.process();
  const env = { ...lake.env, DATALAKE_CACHE: join(context.work, "cache") };
  const server = await startServer(context, env);
  try {
    return [await searchGrid(browser, server), ...(await showThumbs(server)), await browseTogether(server)];
  } finally {
    await server.stop();
  }
}

/** Searches by the form; gives the ms until the hits are there. */
const SEARCH = `(text) => new Promise((resolve) => {
  const input = document.querySelector('input[name="text"]');
  input.value = text;
  const started = performance.now();
  const isShown = () => location.search.includes("text=") && document.querySelector(".results[data-shown] .cell a") !== null;
  input.form.requestSubmit();
  const look = () => isShown() ? resolve(performance.now() - started) : requestAnimationFrame(look);
  requestAnimationFrame(look);
})`;

async function searchGrid(browser: Browser, server: Server): Promise<Result> {
  const times: number[] = [];
  for (const text of [
    RARE_MARK,
    `${RARE_MARK}"`,
    RARE_MARK.slice(0, 3),
    RARE_MARK.slice(1),
    `${RARE_MARK}","box":[`,
  ]) {
    await visit(browser, `${server.url}/ui/browse`, async (page) => {
      await page.locator(".results[data-shown] .cell a").first().waitFor();
      times.push((await page.evaluate(`(${SEARCH})(${JSON.stringify(text)})`)) as number);
    });
  }
  return milliseconds("search on the grid of 1,000,000 rows", percentile(times, 0.5), 150, spread(times));
}

async function showThumbs(server: Server): Promise<Result[]> {
  const answer = await fetch(`${server.url}/rows?datasets=pages&count=${THUMBS}`);
  const { rows } = (await answer.json()) as BrowseDocument;
  const ask = async () =>
    Promise.all(
      rows.map(async ({ hash, asset }) => {
        const startedMs = performance.now();
        const thumb = await fetch(`${server.url}/thumbs/${hash}?asset=${encodeURIComponent(asset ?? "")}`);
        await thumb.arrayBuffer();
        if (!thumb.ok) throw new Error(`a thumbnail: ${thumb.status}`);
        return performance.now() - startedMs;
      }),
    );
  const [cold, warm] = [await ask(), await ask()];
  return [
    milliseconds(`${THUMBS} thumbnails at once, cold, p50`, percentile(cold, 0.5), 1000, spread(cold)),
    milliseconds(`${THUMBS} thumbnails at once, warm, p50`, percentile(warm, 0.5), 50, spread(warm)),
  ];
}

/** What a page asks for, by people who look at it for a moment: jumps, counts, searches, thumbnails. */
async function browseTogether(server: Server): Promise<Result> {
  const health: number[] = [];
  const endMs = performance.now() + SECONDS * 1000;
  const get = async (path: string) => {
    const response = await fetch(`${server.url}${path}`);
    const body = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${body.slice(0, 200)}`);
    return body;
  };
  const person = async (who: number) => {
    for (let step = 0; performance.now() < endMs; step++) {
      const text = step % 3 === 2 ? `&text=${encodeURIComponent(RARE_MARK)}` : "";
      const sort = step % 4 === 3 ? "&sort=-source_name" : "";
      const query = `datasets=set_${(who + step) % 10}${text}`;
      const at = text === "" ? ((who + step) * 7919) % 1000 : 0;
      const [shown] = await Promise.all([get(`/rows?${query}${sort}&at=${at}`), get(`/statistics?${query}`)]);
      const { rows } = JSON.parse(shown as string) as BrowseDocument;
      const pictures = rows.filter(({ asset }) => asset !== null).slice(0, 20);
      await Promise.all(
        pictures.map(({ hash, asset }) => get(`/thumbs/${hash}?asset=${encodeURIComponent(asset ?? "")}`)),
      );
      await Bun.sleep(LOOK_MS);
    }
  };
  const watch = async () => {
    while (performance.now() < endMs) {
      const startedMs = performance.now();
      await get("/health");
      health.push(performance.now() - startedMs);
      await Bun.sleep(20);
    }
  };
  await Promise.all([watch(), ...Array.from({ length: PEOPLE }, (_, who) => person(who))]);
  const job = `p99 of /health while ${PEOPLE} people browse`;
  return milliseconds(job, percentile(health, 0.99), 50, spread(health));
}

export function spread(times: readonly number[]): string {
  return `${times.length} of them, median ${percentile(times, 0.5).toFixed(1)}, most ${percentile(times, 1).toFixed(1)}`;
}

export function milliseconds(job: string, value: number, limit: number, note: string): Result {
  if (!Number.isFinite(value)) throw new Error(`${job}: nothing was measured`);
  return {
    job,
    floor: "",
    jobFigure: `${value.toFixed(1)} ms`,
    floorFigure: "",
    value,
    limit,
    unit: "ms",
    note,
  };
}

/** The page in Chromium on lakes of many rows and many partitions, and the server while people browse. */
export const webBenchmarks: Benchmark[] = [
  {
    name: "web-rows",
    run: (context) =>
      withBrowser((browser) => onTables(context, browser, { partitions: 10, rows: 1_000_000 }, browseRows)),
  },
  {
    name: "web-datasets",
    run: (context) =>
      withBrowser((browser) => onTables(context, browser, { partitions: 1000, rows: 10 }, paintDatasets)),
  },
  { name: "web-search", run: (context) => withBrowser((browser) => searchAndShow(context, browser)) },
];
