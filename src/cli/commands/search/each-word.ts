import type { QueryEngine } from "../../../query/engine.ts";
import { DEFAULT_ENGINE } from "../../../schema/engines.ts";
import { MAX_WORDS, type RowQuery, type RowResult, searchedTexts } from "../../../schema/query.ts";
import { formatQuantity } from "../../../util/format.ts";

/** A search that took longer is not made a second time for a hint. */
const QUICK_MS = 1000;

/**
 * How many rows a search that found nothing would have found word by word: labels often hold their words one by one, and
 * no text several of them. Undefined where that is no question, "unknown" where asking would cost.
 */
export async function countByWords(
  engine: QueryEngine,
  query: RowQuery,
  { matchCount, stats }: Pick<RowResult, "matchCount" | "stats">,
  signal: AbortSignal,
): Promise<number | "unknown" | undefined> {
  const byWords = { ...query, each_word: true };
  const words = searchedTexts(byWords)?.length ?? 0;
  if (matchCount > 0 || query.each_word || words < 2 || words > MAX_WORDS) return undefined;
  if (engine.name !== DEFAULT_ENGINE || stats.engineMs > QUICK_MS) return "unknown";
  return (await engine.retrieveWithExistingCols({ ...byWords, limit: 0 }, signal)).matchCount || undefined;
}

/** What to do then, by flags. */
export function hintAtWords(count: number | "unknown"): string {
  return count === "unknown"
    ? "--each-word finds rows that contain each word by itself"
    : `with --each-word: ${formatQuantity(count, "row")}`;
}
