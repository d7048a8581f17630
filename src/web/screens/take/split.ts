import type { StatisticsDocument } from "../../../schema/page-documents.ts";
import { type RowSelection, readSelection } from "../../state/selection.ts";

/**
 * Shares to begin with: none where rows have a split of their own, which shares would mix, nor where it is not known
 * whether they have.
 */
export function suggestShares(counted: Pick<StatisticsDocument, "bars"> | undefined): string {
  return counted?.bars.every(({ name }) => name !== "split") ? "train=0.9,val=0.1" : "";
}

/** The partitions of rows; of several perhaps some more. */
export function selectionOfKeys(keys: readonly string[]): RowSelection {
  const parts = keys.map((key) => key.split("/").map(decodeURIComponent));
  const names = (at: number) => [...new Set(parts.map((part) => part[at] ?? ""))];
  const [providers, datasets, tasks, variants] = [names(0), names(1), names(2), names(3)];
  return { ...readSelection(new URLSearchParams()), ...{ providers, datasets, tasks, variants } };
}

/** Shares as the command has them, `train=0.9,val=0.1`; undefined where they are none, or do not add up to 1. */
export function readShares(text: string): Record<string, number> | undefined {
  const pairs = text.split(",").map((part) => part.split("=").map((side) => side.trim()));
  const shares = pairs.map(
    ([name = "", share = ""]) => [name, share === "" ? Number.NaN : Number(share)] as const,
  );
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  const isRight =
    shares.every(([name, share]) => /^[\w-]+$/.test(name) && share > 0 && share <= 1) &&
    new Set(shares.map(([name]) => name)).size === shares.length &&
    Math.abs(sum - 1) < 1e-9;
  return isRight ? Object.fromEntries(shares) : undefined;
}
