import { useEffect, useState } from "preact/hooks";

export interface LoadedImage {
  image: HTMLImageElement | undefined;
  isBroken: boolean;
}

/** An image, decoded; the old one is not shown while another is on its way. */
export function useImage(url: string | undefined): LoadedImage {
  const [state, setState] = useState<LoadedImage & { url: string | undefined }>({
    url,
    image: undefined,
    isBroken: false,
  });
  useEffect(() => {
    if (url === undefined) return;
    let isWanted = true;
    const image = new Image();
    image.src = url;
    image.decode().then(
      () => isWanted && setState({ url, image, isBroken: false }),
      () => isWanted && setState({ url, image: undefined, isBroken: true }),
    );
    return () => {
      isWanted = false;
      image.src = "";
    };
  }, [url]);
  return state.url === url ? state : { image: undefined, isBroken: false };
}

/** Where the server has a stored file. */
export function assetUrl(asset: string): string {
  return `/assets/${asset.split("/").map(encodeURIComponent).join("/")}`;
}
