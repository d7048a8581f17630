import type { Signal } from "@preact/signals";
import type { PageRegion } from "../../../schema/page-documents.ts";
import { type Camera, fitCamera, type Size, turnCamera, zoomAt } from "../../canvas/camera.ts";
import { coloursOf } from "../../canvas/colours.ts";
import type { Layers } from "../../canvas/draw.ts";
import { change } from "../../state/address.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { LAYERS, toggleLayer } from "./layers.ts";

export interface LayerBarProps {
  regions: readonly PageRegion[];
  layers: Layers;
  hidden: readonly string[];
  camera: Signal<Camera | undefined>;
  extent: Size;
  hasLens: boolean;
  onLens(): void;
}

const KEYS = { image: "I", boxes: "B", texts: "T", order: "O" } as const;

/** What is drawn, and how near. */
export function LayerBar({ regions, layers, hidden, camera, extent, hasLens, onLens }: LayerBarProps) {
  const { viewing } = texts();
  return (
    <div class="bar layers" role="toolbar" aria-label={viewing.layers}>
      {LAYERS.map((name) => (
        <button
          key={name}
          type="button"
          title={KEYS[name]}
          aria-pressed={layers[name]}
          onClick={() => toggleLayer(layers, name)}
        >
          {viewing.layer[name]}
        </button>
      ))}
      <Zoom camera={camera} extent={extent} />
      <button type="button" title="M" aria-pressed={hasLens} onClick={onLens}>
        {viewing.lens}
      </button>
      <Legend regions={regions} hidden={hidden} />
    </div>
  );
}

/** Buttons for who has no wheel. */
export function Zoom({ camera, extent }: { camera: Signal<Camera | undefined>; extent: Size }) {
  const { viewing } = texts();
  const now = camera.value;
  const change = (next: (camera: Camera, view: Size) => Camera) => {
    const box = document.querySelector(".canvas-box");
    if (now && box) camera.value = next(now, { width: box.clientWidth, height: box.clientHeight });
  };
  const by = (factor: number) =>
    change((camera, view) => zoomAt(camera, [view.width / 2, view.height / 2], factor));
  return (
    <span class="zoom">
      <button type="button" aria-label={viewing.farther} title="-" onClick={() => by(1 / 1.4)}>
        −
      </button>
      <output>{now ? formatNumber(Math.round(now.scale * 100)) : "–"} %</output>
      <button type="button" aria-label={viewing.nearer} title="+" onClick={() => by(1.4)}>
        +
      </button>
      <button
        type="button"
        title="0"
        onClick={() => change(({ turn }, view) => fitCamera(extent, view, turn))}
      >
        {viewing.fit}
      </button>
      <button
        type="button"
        title="R"
        onClick={() => change((camera, view) => turnCamera(camera, extent, view))}
      >
        {viewing.turn}
      </button>
    </span>
  );
}

const MAX_CATEGORIES = 40;

/** The categories with their colours, each of which can be hidden. */
function Legend({ regions, hidden }: { regions: readonly PageRegion[]; hidden: readonly string[] }) {
  const { viewing } = texts();
  const counts = new Map<string | null, number>();
  for (const { category } of regions) counts.set(category, (counts.get(category) ?? 0) + 1);
  if (counts.size === 0 || (counts.size === 1 && counts.has(null))) return null;
  const colours = coloursOf([...counts.keys()]);
  const toggle = (name: string) =>
    change(
      { hide: hidden.includes(name) ? hidden.filter((one) => one !== name) : [...hidden, name] },
      "replace",
    );
  return (
    <details class="legend" open={counts.size <= 6}>
      <summary>{viewing.categories(formatNumber(counts.size))}</summary>
      <div>
        {[...counts].slice(0, MAX_CATEGORIES).map(([category, count]) => (
          <button
            key={category}
            type="button"
            class="category"
            aria-pressed={!hidden.includes(category ?? "")}
            onClick={() => toggle(category ?? "")}
          >
            <span class="swatch" style={{ background: colours.get(category) as string }} />
            {category ?? viewing.noCategory} <span class="count">{formatNumber(count)}</span>
          </button>
        ))}
      </div>
    </details>
  );
}
