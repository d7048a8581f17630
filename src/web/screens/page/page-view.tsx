import { useSignal } from "@preact/signals";
import { useMemo, useRef, useState } from "preact/hooks";
import type { PageDocument, PageImage } from "../../../schema/page-documents.ts";
import type { Camera, Size } from "../../canvas/camera.ts";
import { coloursOf } from "../../canvas/colours.ts";
import { PageCanvas } from "../../canvas/page-canvas.tsx";
import type { DrawnRegion } from "../../canvas/shapes.ts";
import { shapeOf } from "../../canvas/shapes.ts";
import { type ImageLevels, useImage } from "../../canvas/use-image.ts";
import { address, change } from "../../state/address.ts";
import { toggleChoice } from "../../state/choice.ts";
import { readSelection, searchedTexts } from "../../state/selection.ts";
import { findRegionHits } from "../../text/region-hits.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { turnPage } from "./document-steps.tsx";
import { LayerBar } from "./layer-bar.tsx";
import { readLayers } from "./layers.ts";
import { PageHead } from "./page-head.tsx";
import { nextHit } from "./region-list.tsx";
import { SidePanel } from "./side-panel.tsx";
import { TextHint } from "./text-hint.tsx";
import { useKeys } from "./use-keys.ts";
import { useNeighbours } from "./use-neighbours.ts";

/** A page on its canvas, and beside it the same as lists. */
export function PageView({ page }: { page: PageDocument }) {
  const { viewing } = texts();
  const { query } = address.value;
  const selection = readSelection(query);
  const { text, each_word: eachWord, ignore_case: ignoreCase } = selection;
  const searched = useMemo(() => searchedTexts(selection), [text, eachWord]);
  const layers = readLayers(query);
  const hidden = query.getAll("hide");
  const at = Math.min(Math.max(0, Number(query.get("image") ?? 0) || 0), Math.max(0, page.images.length - 1));
  const shown = page.images[at];
  const { image, isBroken, isPreview } = useImage(shown);
  const camera = useSignal<Camera | undefined>(undefined);
  const [hasLens, setLens] = useState(false);
  const [hovered, setHovered] = useState<number>();
  const find = useRef<HTMLInputElement>(null);
  const all = page.label?.regions ?? [];
  const regions = useMemo(() => {
    const colours = coloursOf(all.map(({ category }) => category));
    const isHit = findRegionHits(all, searched, ignoreCase);
    const isHidden = new Set(hidden);
    return all.map(
      (region, index): DrawnRegion => ({
        ...shapeOf(region.polygon),
        text: region.text,
        colour: colours.get(region.category) as string,
        isHit: isHit?.[index] ?? false,
        isShown: region.image === at && !isHidden.has(region.category ?? ""),
      }),
    );
  }, [page, at, searched, ignoreCase, hidden.join("\n")]);
  const chosen = query.get("region");
  const active = chosen === null || !regions[Number(chosen)] ? undefined : Number(chosen);
  const isTapped = useRef(false);
  const pick = (index: number | undefined, isTap = false) => {
    isTapped.current = isTap;
    const other = index === undefined ? undefined : all[index]?.image;
    change(
      { region: index, ...(other !== undefined && other !== at && { image: other || undefined }) },
      "replace",
    );
  };
  const neighbours = useNeighbours(query);
  useKeys({
    neighbours,
    layers,
    onFind: () => find.current?.focus(),
    onLens: () => setLens(!hasLens),
    onChoose: () => void (page.upload_id !== null && toggleChoice(page.key)),
    onTurn: (by) => turnPage(page, at, by),
    onNextHit: () => regions.some(({ isHit }) => isHit) && pick(nextHit(regions, active)),
  });
  const extent = useMemo(() => sizeOf(shown, image) ?? extentOf(regions), [shown, image, regions]);
  return (
    <article
      class="page"
      data-shown={shown === undefined || image !== undefined || isBroken || undefined}
      data-key={page.key}
    >
      <PageHead page={page} image={shown} at={at} neighbours={neighbours} />
      <section class="stage" aria-label={viewing.stage}>
        <LayerBar
          regions={all}
          layers={layers}
          hidden={hidden}
          camera={camera}
          extent={extent}
          hasLens={hasLens}
          onLens={() => setLens(!hasLens)}
        />
        <div class="canvas-box">
          {shown === undefined && regions.length === 0 ? (
            <p class="over quiet">{viewing.noImage}</p>
          ) : (
            <PageCanvas
              image={image}
              page={extent}
              regions={regions}
              layers={layers}
              camera={camera}
              active={active}
              isTapped={isTapped}
              onPick={(index) => pick(index, true)}
              onHover={setHovered}
              hasLens={hasLens}
              label={viewing.canvas(page.source_name ?? "", formatNumber(all.length))}
            />
          )}
          {isBroken && <p class="over problem">{viewing.broken(shown?.format ?? "")}</p>}
          {isPreview && hovered === undefined && (
            <p class="over quiet">{viewing.preview(shown?.format ?? "")}</p>
          )}
          {layers.texts && hovered === undefined && !isPreview && !isBroken && (
            <TextHint camera={camera} page={extent} regions={regions} />
          )}
          {hovered !== undefined && (
            <p class="over tip">{tipOf(all[hovered]?.category, all[hovered]?.text)}</p>
          )}
        </div>
      </section>
      <SidePanel {...{ page, regions, active, find, searched, ignoreCase }} onPick={pick} />
    </article>
  );
}

function tipOf(category: string | null | undefined, text: string | null | undefined): string {
  return (
    [category, text].filter((part) => part !== null && part !== undefined && part !== "").join(": ") || "—"
  );
}

/** Of a further page of a file only its picture tells the proportions. */
function sizeOf(shown: PageImage | undefined, image: ImageLevels | undefined): Size | undefined {
  if (shown === undefined || shown.frame === 0 || image === undefined) return shown;
  return { width: shown.width, height: (shown.width * image.height) / image.width };
}

/** Of a label without its page: what the regions cover. */
function extentOf(regions: readonly DrawnRegion[]) {
  let [width, height] = [100, 100];
  for (const { bounds } of regions) {
    if (bounds.x2 > width) width = bounds.x2;
    if (bounds.y2 > height) height = bounds.y2;
  }
  return { width: width * 1.02, height: height * 1.02 };
}
