import type { PageDocument } from "../../../schema/page-documents.ts";
import { urlOf } from "../../state/url.ts";
import { texts } from "../../texts/texts.ts";

/** To what differs from the labels of the same page in other variants. */
export function CompareLinks({ page, most }: { page: PageDocument; most?: number }) {
  const { viewing } = texts();
  const { provider, dataset, task, variant, key } = page;
  const path = `/compare/${[provider, dataset, task].map(encodeURIComponent).join("/")}`;
  return page.others
    .filter((other) => other.task === task && task !== "raw" && other.variant !== variant)
    .slice(0, most)
    .map((other) => (
      <a key={other.key} href={urlOf(path, { a: variant, b: other.variant, page: key, other: other.key })}>
        {viewing.compareWith(other.variant)}
      </a>
    ));
}
