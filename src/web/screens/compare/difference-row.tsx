import type { DifferencesDocument } from "../../../schema/page-documents.ts";
import { formatNumber, texts } from "../../texts/texts.ts";

/** One difference in words: what it was, what it is. */
export function DifferenceRow({ document, place }: { document: DifferencesDocument; place: number }) {
  const { comparing } = texts();
  const difference = document.differences[place];
  if (!difference) return null;
  const { kind, a, b, iou, edits } = difference;
  const was = a === null ? undefined : document.a.label?.regions[a];
  const is = b === null ? undefined : document.b.label?.regions[b];
  const [from, to] = kind === "category" ? [was?.category, is?.category] : [was?.text, is?.text];
  const changed = kind === "text" || kind === "category";
  return (
    <>
      <span class={`kind of-${kind}`}>{comparing.kinds[kind]}</span>
      <span class="words">
        {changed ? (
          <>
            <del>{from ?? "—"}</del> <ins>{to ?? "—"}</ins>
          </>
        ) : (
          (to ?? from ?? "—")
        )}
        <span class="quiet">
          {kind === "text" && edits !== null && comparing.edits(formatNumber(edits))}
          {kind === "moved" && iou !== null && `IoU ${formatNumber(Math.round(iou * 100) / 100)}`}
          {kind === "category" && (is?.text ?? "")}
        </span>
      </span>
    </>
  );
}
