import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import {
  type Camera,
  fitCamera,
  isReadable,
  type Size,
  type Spot,
  showBox,
  toPage,
  toView,
} from "./camera.ts";
import { drawScene, type Layers } from "./draw.ts";
import { followGestures } from "./gestures.ts";
import { createHitTest } from "./hit-test.ts";
import type { DrawnRegion } from "./shapes.ts";
import type { ImageLevels } from "./use-image.ts";

export interface PageCanvasProps {
  image: ImageLevels | undefined;
  page: Size;
  regions: readonly DrawnRegion[];
  layers: Layers;
  /** Shared by canvases that move together; undefined until the first one was laid out. */
  camera: Signal<Camera | undefined>;
  active: number | undefined;
  /** It was chosen by a click on a canvas: who sees it there wants nothing to move. */
  isTapped?: RefObject<boolean>;
  onPick(index: number | undefined): void;
  onHover?(index: number | undefined): void;
  hasLens: boolean;
  /** What it shows, for who cannot see it; the list of regions has the same content. */
  label: string;
}

/** At rest it is drawn as fine as the screen is, while it moves as fast as can be. */
const REST_MS = 140;

/** A page with its regions: moved by dragging, wheel, two fingers and keys. */
export function PageCanvas(props: PageCanvasProps) {
  const { image, page, regions, layers, camera, active, isTapped, onPick, onHover, hasLens, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<Size>({ width: 0, height: 0 });
  const [hovered, setHovered] = useState<number>();
  const [lens, setLens] = useState<Spot>();
  const isMoving = useRef(false);
  const hitTest = useMemo(() => createHitTest(regions), [regions]);
  useLayoutEffect(() => {
    const box = canvas.current?.parentElement as HTMLElement;
    const measure = () => setView({ width: box.clientWidth, height: box.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  const current = camera.value;
  useLayoutEffect(() => {
    if (view.width > 0) camera.value = fitCamera(page, view, camera.peek()?.turn ?? 0);
  }, [view.width, view.height, page.width, page.height]);
  // A region that was chosen elsewhere comes into view.
  useEffect(() => {
    const region = active === undefined ? undefined : regions[active];
    const now = camera.peek();
    if (!region || !now || view.width === 0 || isTapped?.current) return;
    if (isReadable(now, page, view, region.bounds)) return;
    camera.value = showBox(now, page, view, region.bounds);
  }, [active, view.width, page]);
  /** Where the magnifier is without a pointer: for who chooses by keys. */
  const chosenSpot = (now: Camera): Spot | undefined => {
    const bounds = active === undefined ? undefined : regions[active]?.bounds;
    return bounds && toView(now, page, [(bounds.x1 + bounds.x2) / 2, (bounds.y1 + bounds.y2) / 2]);
  };
  const draw = (ratio: number) => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !current || view.width === 0) return;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (element.width !== width) element.width = width;
    if (element.height !== height) element.height = height;
    const scene = { image, page, view, camera: current, regions, layers, active, hovered };
    drawScene(context, { ...scene, lens: hasLens ? (lens ?? chosenSpot(current)) : undefined }, ratio);
  };
  useEffect(() => {
    const frame = requestAnimationFrame(() => draw(isMoving.current ? 1 : devicePixelRatio));
    const rest = setTimeout(() => {
      isMoving.current = false;
      draw(devicePixelRatio);
    }, REST_MS);
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(rest);
    };
  });
  const indexAt = (spot: Spot) => {
    const now = camera.peek();
    if (!now) return undefined;
    const [x, y] = toPage(now, page, spot);
    const found = hitTest(x, y, 4 / now.scale);
    return found !== undefined && regions[found]?.isShown ? found : undefined;
  };
  const latest = useRef({ indexAt, page, view, onPick });
  latest.current = { indexAt, page, view, onPick };
  useLayoutEffect(
    () =>
      followGestures(canvas.current as HTMLCanvasElement, {
        camera,
        sizes: () => latest.current,
        onMove: () => {
          isMoving.current = true;
        },
        onTap: (spot) => latest.current.onPick(latest.current.indexAt(spot)),
      }),
    [camera],
  );
  const onPointerMove = (event: PointerEvent) => {
    const spot: Spot = [event.offsetX, event.offsetY];
    if (hasLens) setLens(spot);
    if (event.buttons !== 0) return;
    const index = indexAt(spot);
    if (index === hovered) return;
    setHovered(index);
    onHover?.(index);
  };
  const onPointerLeave = () => {
    setLens(undefined);
    setHovered(undefined);
    onHover?.(undefined);
  };
  return (
    <canvas
      ref={canvas}
      class="page-canvas"
      role="img"
      tabIndex={0}
      aria-label={label}
      onPointerMove={onPointerMove}
      onPointerLeave={onPointerLeave}
    />
  );
}
