import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { DifferencesDocument } from "../../../schema/page-documents.ts";
import type { Camera } from "../../canvas/camera.ts";
import { PageCanvas } from "../../canvas/page-canvas.tsx";
import { useImage } from "../../canvas/use-image.ts";
import { useShortcuts } from "../../parts/use-shortcuts.ts";
import { VirtualList } from "../../parts/virtual-list.tsx";
import { address, change } from "../../state/address.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { Zoom } from "../page/layer-bar.tsx";
import { DifferenceRow } from "./difference-row.tsx";
import { drawOver, drawSides } from "./drawn-differences.ts";

export interface ComparedPageProps {
  document: DifferencesDocument;
  a: string;
  b: string;
  /** Its place among the pages that differ; undefined for a page that was named by its keys. */
  at: number | undefined;
  total: number;
  /** More pages differ than are listed. */
  isFirst: boolean;
}

const LAYERS = { image: true, boxes: true, texts: false, order: false };
const ROW_PX = 56;

/** One page with the labels of both variants, and what differs as a list. */
export function ComparedPage({ document, a, b, at, total, isFirst }: ComparedPageProps) {
  const { comparing, viewing } = texts();
  const { query } = address.value;
  const isOver = query.get("view") === "over";
  const { differences } = document;
  const camera = useSignal<Camera | undefined>(undefined);
  const shown = document.a.images[0] ?? document.b.images[0];
  const { image, isBroken } = useImage(shown);
  const sides = useMemo(() => drawSides(document), [document]);
  const over = useMemo(() => drawOver(document), [document]);
  const [chosen, setChosen] = useState<number>();
  // Of a page that a step led to, the difference that is next is chosen at once.
  const enteredBy = useRef(0);
  useLayoutEffect(() => {
    const place = { 1: 0, [-1]: differences.length - 1 }[enteredBy.current];
    enteredBy.current = 0;
    choose(place !== undefined && differences[place] ? place : undefined);
  }, [document]);
  const isTapped = useRef(false);
  const choose = (place: number | undefined, isTap = false) => {
    isTapped.current = isTap;
    setChosen(place);
  };
  const active = chosen === undefined ? undefined : differences[chosen];
  const step = (by: number) => {
    const next = (chosen ?? (by > 0 ? -1 : differences.length)) + by;
    if (differences[next] !== undefined) choose(next);
    else goTo((at ?? 0) + by, by);
  };
  const goTo = (place: number, step = 0) => {
    if (at === undefined || place < 0 || place >= total) return;
    enteredBy.current = step;
    change({ at: place || undefined, page: undefined, other: undefined }, "replace");
  };
  useShortcuts({
    n: () => step(1),
    p: () => step(-1),
    j: () => goTo((at ?? 0) + 1),
    k: () => goTo((at ?? 0) - 1),
  });
  const pick = (side: "a" | "b", index: number | undefined) => {
    const found = differences.findIndex((difference) => index !== undefined && difference[side] === index);
    choose(found < 0 ? undefined : found, true);
  };
  const extent = shown ?? { width: 1000, height: 1400 };
  const common = { image, page: extent, layers: LAYERS, camera, isTapped, hasLens: false };
  return (
    <div class="compared" data-shown={shown === undefined || image !== undefined || isBroken || undefined}>
      <div class="bar">
        <strong>{document.a.source_name ?? viewing.unnamed}</strong>
        {at !== undefined && (
          <span class="steps">
            <button type="button" title="K" disabled={at === 0} onClick={() => goTo(at - 1)}>
              ← {viewing.before}
            </button>
            {(isFirst ? comparing.placeOfFirst : comparing.place)(formatNumber(at + 1), formatNumber(total))}
            <button type="button" title="J" disabled={at + 1 >= total} onClick={() => goTo(at + 1)}>
              {viewing.after} →
            </button>
          </span>
        )}
        {at === undefined && total > 0 && (
          <button type="button" onClick={() => change({ page: undefined, other: undefined })}>
            {comparing.all(formatNumber(total))}
          </button>
        )}
        <span class="push" />
        <button type="button" aria-pressed={!isOver} onClick={() => change({ view: undefined }, "replace")}>
          {comparing.beside}
        </button>
        <button type="button" aria-pressed={isOver} onClick={() => change({ view: "over" }, "replace")}>
          {comparing.over}
        </button>
        <Zoom camera={camera} extent={extent} />
      </div>
      <div class={`sides${isOver ? " over" : ""}`}>
        {isOver ? (
          <div class="canvas-box">
            <PageCanvas
              {...common}
              regions={over.regions}
              active={active && over.indexOf(active)}
              onPick={(index) => choose(over.differenceAt(index), true)}
              label={comparing.canvasOf(`${a}, ${b}`)}
            />
          </div>
        ) : (
          (["a", "b"] as const).map((side) => (
            <figure key={side}>
              <figcaption>{side === "a" ? a : b}</figcaption>
              <div class="canvas-box">
                <PageCanvas
                  {...common}
                  regions={sides[side]}
                  active={active?.[side] ?? undefined}
                  onPick={(index) => pick(side, index)}
                  label={comparing.canvasOf(side === "a" ? a : b)}
                />
              </div>
            </figure>
          ))
        )}
        {isBroken && <p class="problem">{viewing.broken(shown?.format ?? "")}</p>}
      </div>
      <section class="panel" aria-label={comparing.list(formatNumber(differences.length))}>
        <div class="bar">
          <h2>
            {differences.length === 0 ? comparing.same : comparing.list(formatNumber(differences.length))}
          </h2>
          {differences.length > 0 && (
            <button type="button" title="N" onClick={() => step(1)}>
              {comparing.next}
            </button>
          )}
        </div>
        <VirtualList
          count={differences.length}
          label={comparing.list(formatNumber(differences.length))}
          rowHeight={ROW_PX}
          active={chosen}
          onActive={(place) => choose(place)}
          renderRow={(place) => <DifferenceRow document={document} place={place} />}
        />
      </section>
    </div>
  );
}
