import type { CompareResult } from "../../../schema/label-compare.ts";
import type { DifferencesDocument } from "../../../schema/page-documents.ts";
import { useDocument } from "../../api/use-document.ts";
import { useOperation } from "../../api/use-operation.ts";
import { Empty, Failure, Loading } from "../../parts/notice.tsx";
import { Progress } from "../../parts/progress.tsx";
import { address, change } from "../../state/address.ts";
import { versions } from "../../state/changes.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { ComparedPage } from "./compared-page.tsx";
import type { LabelSet } from "./label-sets.ts";

export interface CompareVariantsProps {
  set: LabelSet;
  a: string;
  b: string;
}

/** Totals over all pages that both have, and one page of those that differ. */
export function CompareVariants({ set, a, b }: CompareVariantsProps) {
  const { comparing } = texts();
  const { query } = address.value;
  const { provider, dataset, task } = set;
  const generation = versions.value.generation;
  const totals = useOperation<CompareResult>("compare", { provider, dataset, task, a, b }, generation);
  const pages = totals.result?.first ?? [];
  const wanted = Math.min(Math.max(0, Number(query.get("at") ?? 0) || 0), Math.max(0, pages.length - 1));
  // One page by its keys, before the totals are there; then by its place, from which steps lead on.
  const [given, other] = [query.get("page"), query.get("other") ?? ""];
  const keys = given === null ? pages[wanted] : { a: given, b: other };
  const at = given === null ? wanted : pages.findIndex((page) => page.a === given && page.b === other);
  const url = keys && `/differences?${new URLSearchParams({ a: keys.a, b: keys.b })}`;
  const { value, failure } = useDocument<DifferencesDocument>(url, { keep: true, version: generation });
  return (
    <article class="compare">
      <header class="bar compare-head">
        <h1>
          {dataset} <span class="quiet">{task}</span>
        </h1>
        <Variants variants={set.variants} a={a} b={b} />
        <Totals result={totals.result} />
        {totals.result === undefined && !totals.failure && (
          <Progress
            label={comparing.counting}
            done={totals.progress?.rows_done}
            total={totals.progress?.rows_total}
          />
        )}
      </header>
      {failure || (totals.failure && !keys) ? (
        <Failure failure={failure ?? (totals.failure as NonNullable<typeof failure>)} isPart />
      ) : value && keys ? (
        <ComparedPage
          document={value}
          a={a}
          b={b}
          at={at < 0 ? undefined : at}
          total={pages.length}
          isFirst={totals.result !== undefined && totals.result.pages - totals.result.equal > pages.length}
        />
      ) : totals.result ? (
        <Empty title={totals.result.pages === 0 ? comparing.none : comparing.equal} isPart />
      ) : (
        <Loading />
      )}
    </article>
  );
}

function Variants({ variants, a, b }: { variants: readonly string[]; a: string; b: string }) {
  const { comparing } = texts();
  const choose = (next: { a: string; b: string }) =>
    change({ ...next, at: undefined, page: undefined, other: undefined, region: undefined });
  const select = (label: string, value: string, onChoose: (variant: string) => void) => (
    <label>
      {label}{" "}
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {variants.map((variant) => (
          <option key={variant} value={variant}>
            {variant}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      {select(comparing.a, a, (variant) => choose({ a: variant, b }))}
      {select(comparing.b, b, (variant) => choose({ a, b: variant }))}
      <button type="button" onClick={() => choose({ a: b, b: a })}>
        {comparing.swap}
      </button>
    </>
  );
}

function Totals({ result }: { result: CompareResult | undefined }) {
  const { comparing } = texts();
  if (!result) return null;
  const { pages, equal, only_a: onlyA, only_b: onlyB, differences, edits } = result;
  const { repeated_a: repeatedA, repeated_b: repeatedB } = result;
  const counted = Object.entries(differences).filter(([, count]) => count > 0);
  return (
    <p class="totals">
      {comparing.pages(formatNumber(pages), formatNumber(pages - equal))}
      {onlyA + onlyB > 0 && ` · ${comparing.only(formatNumber(onlyA), formatNumber(onlyB))}`}
      {repeatedA + repeatedB > 0 &&
        ` · ${comparing.repeated(formatNumber(repeatedA), formatNumber(repeatedB))}`}
      {counted.map(([kind, count]) => (
        <span key={kind} class={`kind of-${kind}`}>
          {comparing.kinds[kind as keyof typeof comparing.kinds]} {formatNumber(count)}
          {kind === "text" && ` (${comparing.edits(formatNumber(edits))})`}
        </span>
      ))}
    </p>
  );
}
