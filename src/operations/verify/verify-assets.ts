import { requireCatalog, requireHead, withPublished } from "../../catalog/open.ts";
import { readKnown } from "../../catalog/tables.ts";
import { AppError, throwIfCancelled } from "../../errors.ts";
import type { Lake } from "../../lake/lake.ts";
import { outlive } from "../../lake/view.ts";
import { type Database, interruptible } from "../../query/database.ts";
import { makeNumberTable } from "../../query/number-table.ts";
import type {
  AssetFinding,
  VerifyProgress,
  VerifyRequest,
  VerifySummary,
} from "../../schema/verification.ts";
import { planSlices, planVerification, type SelectedDataset, type VerifyPlan } from "./plan.ts";
import { type ExpectedAsset, type FileProbe, probeAsset, type Verdict } from "./probe.ts";

export interface VerifyEffects {
  lake: Lake;
  /** Not shared; spills to its own scratch folder. */
  database: Database;
  concurrency: number;
  probe: FileProbe;
  sliceRows?: number;
  signal: AbortSignal;
  onProgress(progress: VerifyProgress): void;
  /** Awaited before more assets are checked. */
  onFinding(finding: AssetFinding): Promise<void>;
}

const NAME = "checked";
/** Bad assets whose rows are looked up per query. */
const LOCATE_AT_ONCE = 8192;

/**
 * Checks every asset that the selected rows of the published catalog refer to, in constant memory. Read-only;
 * ignores unreferenced files. Throws `not_found` without catalog or selection, `corrupt`, `cancelled`.
 */
export async function verifyAssets(request: VerifyRequest, effects: VerifyEffects): Promise<VerifySummary> {
  const { lake, database, signal } = effects;
  const startedMs = performance.now();
  await requireCatalog(lake);
  return withPublished(database, lake, NAME, async () => {
    const { generation } = await requireHead(database, lake, NAME);
    const plan = planVerification(request, NAME, await readKnown(database, NAME));
    const datasets = await database.rows<SelectedDataset>(plan.datasets);
    const partitions = datasets.reduce((sum, dataset) => sum + dataset.partitions, 0);
    if (partitions === 0) {
      throw new AppError("not_found", "no partition is selected; see `datalake catalog partitions`");
    }
    const tally = createTally();
    if (plan.hasAssets) {
      const slices = planSlices(datasets, effects.sliceRows);
      const number = async (sql: string) => {
        const [counted] = await interruptible(database, signal, () => database.rows<{ assets: number }>(sql));
        return counted?.assets ?? 0;
      };
      if (slices.length > 1) tally.total = await number(plan.estimate);
      for (const [at, slice] of slices.entries()) {
        await interruptible(database, signal, () => database.run(plan.collect(slice)));
        const assets = tally.checked + (await number(plan.count));
        // The total is exact only at the last slice.
        tally.total = at === slices.length - 1 ? assets : Math.max(tally.total, assets);
        await checkSlice(plan, request.hash, tally, effects);
      }
    }
    const { checked, missing, corrupt, bytesRead } = tally;
    const ok = checked - missing - corrupt;
    return {
      generation,
      partitions,
      checked,
      ok,
      missing,
      corrupt,
      integrity: checked === 0 ? 1 : ok / checked,
      hash: request.hash,
      sample: request.sample ?? null,
      bytes_read: bytesRead,
      duration_ms: Math.round(performance.now() - startedMs),
    };
  });
}

interface Tally {
  startedMs: number;
  total: number;
  checked: number;
  missing: number;
  corrupt: number;
  bytesRead: number;
}

function createTally(): Tally {
  return { startedMs: performance.now(), total: 0, checked: 0, missing: 0, corrupt: 0, bytesRead: 0 };
}

type WantedAsset = ExpectedAsset & { first: number; rows: number };
type Bad = WantedAsset & Extract<Verdict, { ok: false }>;

const PROGRESS_MS = 250;

async function checkSlice(
  plan: VerifyPlan,
  hash: boolean,
  tally: Tally,
  effects: VerifyEffects,
): Promise<void> {
  const { lake, signal, concurrency, probe } = effects;
  // A separate connection: rows of bad assets are looked up while the list is read.
  const reading = await effects.database.connect();
  const assets = readWanted(reading, plan, signal);
  let bad: Bad[] = [];
  let telling: Promise<void> = Promise.resolve();
  const tell = async () => {
    const some = bad;
    bad = [];
    telling = telling.then(() => tellFindings(plan, some, effects));
    await telling;
  };
  let saidMs = Number.NEGATIVE_INFINITY;
  const say = () => {
    if (performance.now() - saidMs < PROGRESS_MS) return;
    saidMs = performance.now();
    effects.onProgress(progressOf(tally));
  };
  let failed = false;
  const work = async () => {
    while (!failed) {
      throwIfCancelled(signal);
      const { value: asset, done } = await assets.next();
      if (done) return;
      let verdict = await probeAsset(asset, hash, probe);
      if (!verdict.ok && (await outlive(lake.view, lake.layout.asset(asset.path)))) {
        verdict = await probeAsset(asset, hash, probe);
      }
      tally.checked++;
      tally.bytesRead += verdict.bytesRead;
      if (!verdict.ok) {
        tally[verdict.problem === "missing" ? "missing" : "corrupt"]++;
        bad.push({ ...asset, ...verdict });
        if (bad.length >= LOCATE_AT_ONCE) await tell();
      }
      say();
    }
  };
  try {
    const fail = (error: unknown) => {
      failed = true;
      throw error;
    };
    const ended = await Promise.allSettled(Array.from({ length: concurrency }, () => work().catch(fail)));
    for (const end of ended) if (end.status === "rejected") throw end.reason;
    await tell();
  } finally {
    await assets.return(undefined);
    reading.close();
  }
  effects.onProgress(progressOf(tally));
}

async function* readWanted(
  reading: Database,
  plan: VerifyPlan,
  signal: AbortSignal,
): AsyncGenerator<WantedAsset, void, void> {
  for await (const chunk of reading.chunks(plan.list, signal)) {
    for (const [path, hash, bytes, first, rows] of chunk.getRows()) {
      yield {
        path: String(path),
        hash: hash == null ? null : String(hash),
        sizeBytes: bytes == null ? null : Number(bytes),
        first: Number(first),
        rows: Number(rows),
      };
    }
  }
}

type Place = Pick<
  AssetFinding,
  "provider" | "dataset" | "task" | "variant" | "upload_id" | "source_row" | "source_name"
>;

/** In catalog order. */
async function tellFindings(plan: VerifyPlan, bad: Bad[], effects: VerifyEffects): Promise<void> {
  if (bad.length === 0) return;
  const { database } = effects;
  bad.sort((a, b) => a.first - b.first);
  await makeNumberTable(
    database,
    bad.map(({ first }) => first),
  );
  const places = await database.rows<Place>(plan.locate);
  for (const [at, { problem, path, expected, found, rows }] of bad.entries()) {
    const place = places[at];
    if (place !== undefined) await effects.onFinding({ problem, path, expected, found, ...place, rows });
  }
}

function progressOf({ startedMs, total, checked, missing, corrupt, bytesRead }: Tally): VerifyProgress {
  const seconds = (performance.now() - startedMs) / 1000;
  const rate = seconds > 0.5 && checked > 0 ? checked / seconds : null;
  return {
    done: checked,
    total,
    bytes_read: bytesRead,
    missing,
    corrupt,
    per_second: rate,
    seconds_left: rate === null ? null : (total - checked) / rate,
  };
}
