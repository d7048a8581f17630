import type { Layers } from "../../canvas/draw.ts";
import { useShortcuts } from "../../parts/use-shortcuts.ts";
import { toggleLayer } from "./layers.ts";
import { go, type Neighbours } from "./use-neighbours.ts";

export interface PageKeys {
  neighbours: Neighbours | undefined;
  layers: Layers;
  onFind(): void;
  onLens(): void;
  onChoose(): void;
  onTurn(by: -1 | 1): void;
  onNextHit(): void;
}

/** Keys of the page as a whole. */
export function useKeys({ neighbours, layers, onFind, onLens, onChoose, onTurn, onNextHit }: PageKeys): void {
  useShortcuts({
    j: () => go(neighbours?.after),
    k: () => go(neighbours?.before),
    i: () => toggleLayer(layers, "image"),
    b: () => toggleLayer(layers, "boxes"),
    t: () => toggleLayer(layers, "texts"),
    o: () => toggleLayer(layers, "order"),
    m: onLens,
    x: onChoose,
    n: onNextHit,
    "[": () => onTurn(-1),
    "]": () => onTurn(1),
    "/": onFind,
  });
}
