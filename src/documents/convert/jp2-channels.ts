import type { Jp2Header } from "./jp2-header.ts";

/** Which components of a JPEG 2000 are its colours, in their order, and which is its alpha channel. */
export interface Jp2Channels {
  colours: number[];
  alpha: number | undefined;
}

/** How many colours a space has. A codestream without a file around it has as many as its components allow. */
function colourCount({ colour, components }: Jp2Header): number {
  if (colour === "cmyk") return 4;
  if (colour === "grey") return 1;
  if (colour === "rgb" || colour === "ycc") return 3;
  return components.length >= 3 ? 3 : 1;
}

/**
 * The channels of an image: as its file says; where it does not, colours come first, and one component more is alpha, as
 * Pillow reads it too. A text says why it cannot be taken.
 */
export function jp2Channels(header: Jp2Header): Jp2Channels | string {
  const { components, palette, channels = [] } = header;
  const alphas = channels.filter(({ use }) => use === "alpha" || use === "premultiplied alpha");
  if (palette !== undefined) {
    const plain = (palette === 1 || palette === 3) && alphas.length === 0;
    return plain ? { colours: [0], alpha: undefined } : `its palette has ${palette} channels`;
  }
  const count = colourCount(header);
  const most = count === 4 ? 4 : count + 1;
  if (components.length !== count && components.length !== most)
    return `it has ${components.length} components`;
  if (alphas.some(({ use }) => use === "premultiplied alpha")) return "its alpha channel is premultiplied";
  const inOrder = Array.from({ length: count }, (_, index) => {
    const said = channels.find(({ use, colour }) => use === "colour" && colour === index + 1);
    return said?.component ?? index;
  });
  const others = components.map((_, index) => index).filter((index) => !inOrder.includes(index));
  const alpha = components.length > count ? (alphas[0]?.component ?? others[0]) : undefined;
  const all = [...inOrder, ...(alpha === undefined ? [] : [alpha])];
  if (new Set(all).size !== components.length || all.some((index) => index >= components.length))
    return "its channels are not one component each";
  return { colours: inOrder, alpha };
}
