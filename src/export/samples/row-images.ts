import type { Layout } from "../../lake/layout.ts";
import type { Cell } from "../../query/output/cells.ts";
import { factColumn, type ImageColumn, type ImageFact } from "../../schema/image-columns.ts";
import type { SampleImage } from "./sample.ts";

/** An image with the path of its asset, relative to `assets/`. */
export type AssetImage = SampleImage & { asset: string };

type Facts = Record<
  "paths" | "hashes" | "formats" | "widths" | "heights" | "sizes" | "orientations" | "names",
  Cell
>;

type AssetLayout = Pick<Layout, "asset">;

/** The pages of a row: the images of the first column that has some, for partitions may have them in different ones. */
export function rowImages(
  layout: AssetLayout,
  columns: readonly ImageColumn[],
  cell: (name: string) => Cell,
): (row: number) => AssetImage[] {
  const columnsAt = columns.map((column) => imageCells(layout, column, cell));
  return (row) => {
    for (const imagesAt of columnsAt) {
      const images = imagesAt(row);
      if (images.length > 0) return images;
    }
    return [];
  };
}

/** The images of a row, of a column of one or of lists; `cell` gives the columns of a batch. */
export function imageCells(
  layout: AssetLayout,
  column: ImageColumn,
  cell: (name: string) => Cell,
): (row: number) => AssetImage[] {
  const fact = (name: ImageFact) => cell(factColumn(column, name));
  const facts: Facts = {
    paths: fact("path"),
    hashes: fact("hash"),
    formats: fact("format"),
    widths: fact("width"),
    heights: fact("height"),
    sizes: fact("bytes"),
    orientations: fact("orientation"),
    names: fact("source_name"),
  };
  if (!column.list) {
    return (row) => {
      const image = imageOf(layout, (name) => facts[name](row));
      return image === undefined ? [] : [image];
    };
  }
  return (row) => {
    const lists = Object.fromEntries(
      Object.entries(facts).map(([name, texts]) => [name, JSON.parse(texts(row) ?? "[]")]),
    ) as Record<keyof Facts, unknown[]>;
    return lists.paths.flatMap((_, at) => {
      const value = (name: keyof Facts) => lists[name][at] ?? undefined;
      return imageOf(layout, (name) => (value(name) === undefined ? undefined : String(value(name)))) ?? [];
    });
  };
}

/** Undefined where there is none: an asset that is no image has a path too, but no width. */
function imageOf(
  layout: AssetLayout,
  fact: (name: keyof Facts) => string | undefined,
): AssetImage | undefined {
  const [asset, width, height] = [fact("paths"), fact("widths"), fact("heights")];
  if (asset === undefined || width === undefined || height === undefined) return undefined;
  const orientation = fact("orientations");
  return {
    asset,
    path: layout.asset(asset),
    hash: fact("hashes") ?? "",
    format: fact("formats") ?? "",
    extension: asset.slice(asset.lastIndexOf(".") + 1),
    width: Number(width),
    height: Number(height),
    bytes: Number(fact("sizes") ?? 0),
    orientation: orientation === undefined ? null : Number(orientation),
    sourceName: fact("names") ?? null,
  };
}
