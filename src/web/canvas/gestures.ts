import type { Signal } from "@preact/signals";
import { type Camera, fitCamera, pan, type Size, type Spot, turnCamera, zoomAt } from "./camera.ts";

export interface GestureOptions {
  camera: Signal<Camera | undefined>;
  sizes(): { page: Size; view: Size };
  onMove(): void;
  /** A click that moved nothing. */
  onTap(spot: Spot): void;
}

const TAP_PX = 4;
const KEY_PX = 60;
const KEY_ZOOM = 1.25;

/** Moves the camera of a canvas by pointers, wheel and keys; gives what ends that. */
export function followGestures(
  canvas: HTMLCanvasElement,
  { camera, sizes, onMove, onTap }: GestureOptions,
): () => void {
  const pointers = new Map<number, Spot>();
  let moved = 0;
  const change = (next: (camera: Camera) => Camera) => {
    const now = camera.peek();
    if (now === undefined) return;
    onMove();
    camera.value = next(now);
  };
  const spotOf = (event: PointerEvent): Spot => [event.offsetX, event.offsetY];
  const listeners: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void } = {
    pointerdown: (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, spotOf(event));
      moved = pointers.size > 1 ? TAP_PX : 0;
    },
    pointermove: (event) => {
      const before = pointers.get(event.pointerId);
      if (before === undefined) return;
      const now = spotOf(event);
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      pointers.set(event.pointerId, now);
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      moved += Math.hypot(dx, dy);
      if (moved < TAP_PX) return;
      if (other === undefined) return change((one) => pan(one, dx, dy));
      const way = (spot: Spot) => Math.max(1, Math.hypot(spot[0] - other[0], spot[1] - other[1]));
      const middle: Spot = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      change((one) => zoomAt(pan(one, dx / 2, dy / 2), middle, way(now) / way(before)));
    },
    pointerup: (event) => {
      if (!pointers.delete(event.pointerId)) return;
      if (moved < TAP_PX && pointers.size === 0) onTap(spotOf(event));
    },
    pointercancel: (event) => {
      pointers.delete(event.pointerId);
    },
    wheel: (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 20 : 1;
      // A pinch on a touch pad comes as a wheel with ctrl, in small steps.
      const speed = event.ctrlKey ? 0.012 : 0.0016;
      change((one) => zoomAt(one, [event.offsetX, event.offsetY], Math.exp(-event.deltaY * lines * speed)));
    },
    dblclick: (event) => change((one) => zoomAt(one, [event.offsetX, event.offsetY], 2)),
    keydown: (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { page, view } = sizes();
      const step = keyStep(event.key, page, view);
      if (step === undefined) return;
      event.preventDefault();
      change(step);
    },
  };
  for (const [name, listen] of Object.entries(listeners)) {
    canvas.addEventListener(name, listen as EventListener, { passive: false });
  }
  return () => {
    for (const [name, listen] of Object.entries(listeners)) {
      canvas.removeEventListener(name, listen as EventListener);
    }
  };
}

/** What a key does to the camera of a canvas that has the focus. */
export function keyStep(key: string, page: Size, view: Size): ((camera: Camera) => Camera) | undefined {
  const middle: Spot = [view.width / 2, view.height / 2];
  const steps: Record<string, (camera: Camera) => Camera> = {
    ArrowLeft: (camera) => pan(camera, KEY_PX, 0),
    ArrowRight: (camera) => pan(camera, -KEY_PX, 0),
    ArrowUp: (camera) => pan(camera, 0, KEY_PX),
    ArrowDown: (camera) => pan(camera, 0, -KEY_PX),
    "+": (camera) => zoomAt(camera, middle, KEY_ZOOM),
    "=": (camera) => zoomAt(camera, middle, KEY_ZOOM),
    "-": (camera) => zoomAt(camera, middle, 1 / KEY_ZOOM),
    "0": ({ turn }) => fitCamera(page, view, turn),
    "1": (camera) => zoomAt(camera, middle, 1 / camera.scale),
    r: (camera) => turnCamera(camera, page, view),
  };
  return steps[key];
}
