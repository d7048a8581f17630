import { formatCount, formatQuantity } from "../../util/format.ts";
import type { Dropped, SampleCounts } from "./counts.ts";

/** What is in an output of samples, and what is not, a line each. */
export function describeSamples({
  pages,
  distinct_pages: distinct = pages, // earlier servers do not count them
  labels,
  regions,
  questions,
  dropped,
  changed,
  notes,
  splits,
}: SampleCounts): string[] {
  const held = [
    `${formatQuantity(distinct, "page")}${pages === distinct ? "" : ` (${formatCount(pages)} over all rows)`}`,
    ...(labels > 0 ? [formatQuantity(labels, "label")] : []),
    formatQuantity(regions, "region"),
    ...(questions > 0 ? [formatQuantity(questions, "question")] : []),
  ];
  const parts = Object.entries(splits).map(([name, count]) => `${name} ${count}`);
  return [
    `${held.join(", ")}${parts.length > 1 ? `; ${parts.join(", ")}` : ""}`,
    ...Object.entries(dropped).map(
      ([reason, what]) => `left out: ${amountOf(what)}: ${reason} (${what.example})`,
    ),
    ...Object.entries(changed).map(([kind, count]) => `changed: ${kind} (${formatQuantity(count, "time")})`),
    ...notes.map((note) => `note: ${note}`),
  ];
}

/** Of what is lost the largest, and what was on it. */
function amountOf({ samples, pages, labels, regions, questions, characters }: Dropped): string {
  const amounts: [number, string][] = [
    [samples, "row"],
    [pages, "page"],
    [labels, "label"],
    [regions, "region"],
    [questions, "question"],
    [characters, "character"],
  ];
  return amounts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => formatQuantity(count, unit))
    .join(", ");
}
