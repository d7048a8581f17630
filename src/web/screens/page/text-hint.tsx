import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { Camera } from "../../canvas/camera.ts";
import type { Viewed } from "../../canvas/in-view.ts";
import { hidesTexts } from "../../canvas/text-layout.ts";
import { texts } from "../../texts/texts.ts";

export interface TextHintProps extends Omit<Viewed, "view"> {
  camera: Signal<Camera | undefined>;
}

/** That some texts are too small to be drawn: who asks for texts would think that they are missing. */
export function TextHint({ camera, page, regions }: TextHintProps) {
  const { viewing } = texts();
  const [hint, setHint] = useState<HTMLElement | null>(null);
  const now = camera.value;
  const box = hint?.parentElement;
  const view = box && { width: box.clientWidth, height: box.clientHeight };
  const isHiding = now !== undefined && view && hidesTexts({ page, regions, view }, now);
  return (
    <p ref={setHint} class="over quiet" hidden={!isHiding}>
      {viewing.smallTexts}
    </p>
  );
}
