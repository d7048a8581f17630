import { useEffect, useState } from "preact/hooks";
import type { PageImage } from "../../schema/page-documents.ts";
import { makeLevels } from "./levels.ts";

/** A decoded image, and smaller ones of it: drawing a large one small costs a frame more than it has. */
export interface ImageLevels {
  /** Pixels of the largest. */
  width: number;
  height: number;
  /** The largest first; each half as wide as the one before. */
  levels: readonly ImageBitmap[];
}

export interface LoadedImage {
  image: ImageLevels | undefined;
  /** The server made the picture: browsers do not know the format, or show its first page only. */
  isPreview: boolean;
  isBroken: boolean;
}

const NOTHING: LoadedImage = { image: undefined, isPreview: false, isBroken: false };
const SMALLEST_PX = 500;

/** The image of a page, decoded beside the page's own work; the old one is not shown while another is on its way. */
export function useImage(shown: PageImage | undefined): LoadedImage {
  const key = shown && `${shown.asset} ${shown.frame}`;
  const [state, setState] = useState<LoadedImage & { key: string | undefined }>({ ...NOTHING, key });
  useEffect(() => {
    if (shown === undefined) return;
    const controller = new AbortController();
    const { signal } = controller;
    const levels: ImageBitmap[] = [];
    const keep = (level: ImageBitmap, isPreview: boolean) => {
      if (signal.aborted) return level.close();
      levels.push(level);
      const [{ width, height }] = levels as [ImageBitmap];
      setState({ image: { width, height, levels: [...levels] }, isPreview, isBroken: false, key });
    };
    const load = async () => {
      for (const { url, isPreview } of sourcesOf(shown)) {
        const blob = await fetchBlob(url, signal);
        const whole = blob && (await createImageBitmap(blob).catch(() => undefined));
        if (!whole) continue;
        keep(whole, isPreview);
        if (signal.aborted) return;
        return makeLevels(blob, SMALLEST_PX, { signal, take: (level) => keep(level, isPreview) });
      }
      if (!signal.aborted) setState({ ...NOTHING, isBroken: true, key });
    };
    load().catch(() => {}); // of a page that was left
    return () => {
      controller.abort();
      for (const level of levels) level.close();
    };
  }, [key]);
  return state.key === key ? state : NOTHING;
}

async function fetchBlob(url: string, signal: AbortSignal): Promise<Blob | undefined> {
  const response = await fetch(url, { signal }).catch(() => undefined);
  return response?.ok ? response.blob() : undefined;
}

/** What browsers draw. */
const KNOWN_FORMATS: ReadonlySet<string> = new Set(["jpeg", "png", "webp", "gif", "avif", "bmp"]);

/** The stored file, if browsers know it, else what the server makes of it. */
function sourcesOf({ hash, asset, format, frame }: PageImage): { url: string; isPreview: boolean }[] {
  const query = new URLSearchParams({ asset, side: "2500", frame: String(frame) });
  const preview = { url: `/thumbs/${hash}?${query}`, isPreview: true };
  if (!KNOWN_FORMATS.has(format) || frame > 0) return [preview];
  return [{ url: assetUrl(asset), isPreview: false }, preview];
}

/** Where the server has a stored file. */
export function assetUrl(asset: string): string {
  return `/assets/${asset.split("/").map(encodeURIComponent).join("/")}`;
}
