import type { Layers } from "../../canvas/draw.ts";
import { change } from "../../state/address.ts";

export const LAYERS = ["image", "boxes", "texts", "order"] as const;
const DEFAULT = "image,boxes";

/** Layers as they stand in the address. */
export function readLayers(query: URLSearchParams): Layers {
  const shown = (query.get("show") ?? DEFAULT).split(",");
  const has = (name: (typeof LAYERS)[number]) => shown.includes(name);
  return { image: has("image"), boxes: has("boxes"), texts: has("texts"), order: has("order") };
}

export function toggleLayer(layers: Layers, name: keyof Layers): void {
  const shown = LAYERS.filter((one) => layers[one] !== (one === name)).join(",");
  change({ show: shown === DEFAULT ? undefined : shown || "nothing" }, "replace");
}
