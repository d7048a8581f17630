import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Camera } from "../../canvas/camera.ts";
import type { Layers } from "../../canvas/draw.ts";
import { toggleLayer } from "./layers.ts";
import { go, type Neighbours } from "./use-neighbours.ts";

export interface PageKeys {
  neighbours: Neighbours | undefined;
  layers: Layers;
  onFind(): void;
  onLens(): void;
  camera: Signal<Camera | undefined>;
}

/** Keys of the page as a whole, where nobody is writing. */
export function useKeys(keys: PageKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event)) return;
      const { neighbours, layers, onFind, onLens } = latest.current;
      const actions: Record<string, () => void> = {
        j: () => go(neighbours?.after),
        k: () => go(neighbours?.before),
        i: () => toggleLayer(layers, "image"),
        b: () => toggleLayer(layers, "boxes"),
        t: () => toggleLayer(layers, "texts"),
        o: () => toggleLayer(layers, "order"),
        m: onLens,
        "/": onFind,
      };
      const action = actions[event.key] ?? actions[KEYS_OF_HANGUL[event.key] ?? ""];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** Whether a key is for a field or a dialog. */
export function isWriting({ target }: Event): boolean {
  return target instanceof Element && target.closest("input, select, textarea, dialog") !== null;
}

/** The same keys while the keyboard writes Hangul. */
export const KEYS_OF_HANGUL: Record<string, string> = {
  ㅓ: "j",
  ㅏ: "k",
  ㅑ: "i",
  ㅠ: "b",
  ㅅ: "t",
  ㅐ: "o",
  ㅡ: "m",
  ㅜ: "n",
  ㅔ: "p",
};
