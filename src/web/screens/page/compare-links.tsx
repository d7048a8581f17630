import type { PageDocument } from "../../../schema/page-documents.ts";
import { urlOf } from "../../state/url.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { comparedRows } from "./compared-rows.ts";

/** The same where there is little room: many are in a list that is opened. */
export function CompareMenu({ page }: { page: PageDocument }) {
  const rows = comparedRows(page);
  if (rows.length < 2) return <CompareLinks page={page} />;
  return (
    <details class="menu">
      <summary class="button">
        {texts().compare} ({formatNumber(rows.length)})
      </summary>
      <div>
        <CompareLinks page={page} />
      </div>
    </details>
  );
}

/** To what differs from the labels of the same page in other variants. */
export function CompareLinks({ page }: { page: PageDocument }) {
  const { viewing } = texts();
  const { provider, dataset, task, variant, key } = page;
  const path = `/compare/${[provider, dataset, task].map(encodeURIComponent).join("/")}`;
  return comparedRows(page).map((other) => (
    <a key={other.key} href={urlOf(path, { a: variant, b: other.variant, page: key, other: other.key })}>
      {viewing.compareWith(other.variant)}
    </a>
  ));
}
