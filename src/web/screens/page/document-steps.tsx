import type { PageDocument } from "../../../schema/page-documents.ts";
import { address, change, open } from "../../state/address.ts";
import { urlOf } from "../../state/url.ts";
import { formatNumber, texts } from "../../texts/texts.ts";

/** Pages before and after: of the row's own images or file, else of the document that it was split from. */
export function DocumentSteps({ page, at }: { page: PageDocument; at: number }) {
  const { viewing } = texts();
  const { images, document } = page;
  if (images.length < 2 && document === null) return null;
  const isOfFile = images.some(({ frame }) => frame > 0);
  const step = (by: -1 | 1, text: string, title: string) => (
    <button
      type="button"
      title={title}
      aria-label={text}
      disabled={!canTurn(page, at, by)}
      onClick={() => turnPage(page, at, by)}
    >
      {by < 0 ? "‹" : "›"}
    </button>
  );
  return (
    <span class="document-steps" role="group" aria-label={viewing.documentSteps}>
      {step(-1, viewing.pageBefore, "[")}
      {images.length > 1 ? (
        <select
          aria-label={viewing.image}
          value={String(at)}
          onChange={({ currentTarget }) => showImage(Number(currentTarget.value))}
        >
          {images.map((one, index) => (
            <option key={`${one.hash} ${one.frame}`} value={String(index)}>
              {(isOfFile ? viewing.pageOf : viewing.imageOf)(
                formatNumber(index + 1),
                formatNumber(images.length),
              )}
            </option>
          ))}
        </select>
      ) : (
        <span>{viewing.pageOf(formatNumber(document?.page ?? 1), formatNumber(document?.pages ?? 1))}</span>
      )}
      {step(1, viewing.pageAfter, "]")}
    </span>
  );
}

/** Shows the page before (-1) or after (1), if there is one. */
export function turnPage(page: PageDocument, at: number, by: -1 | 1): void {
  const { images } = page;
  if (images[at + by] !== undefined) showImage(at + by);
  const key = images.length > 1 ? null : keyBeside(page, by);
  if (key === null) return;
  const query = new URLSearchParams(address.peek().query);
  // Places in the browse and in the label are of the page that is left.
  for (const name of ["region", "image", "at"]) query.delete(name);
  open(urlOf(`/page/${key}`, query), "replace");
}

function canTurn(page: PageDocument, at: number, by: -1 | 1): boolean {
  if (page.images.length > 1) return page.images[at + by] !== undefined;
  return keyBeside(page, by) !== null;
}

function keyBeside({ document }: PageDocument, by: -1 | 1): string | null {
  return (by < 0 ? document?.before : document?.after) ?? null;
}

function showImage(index: number): void {
  change({ image: index || undefined, region: undefined }, "replace");
}
