import type { Layout } from "../../lake/layout.ts";
import type { Cell } from "../../query/output/cells.ts";
import { factColumn, type ImageFact, type imageColumnsOf } from "../../schema/image-columns.ts";
import type { SampleImage } from "./sample.ts";

/** `asset`: its path below `assets/`. */
export type AssetImage = SampleImage & { asset: string };

/** Reads the images of a row, by its cells as plain texts: from the column of its own or the first with a list. */
export function imageCells(
  layout: Layout,
  column: ReturnType<typeof imageColumnsOf>[number],
  cell: (name: string) => Cell,
): (row: number) => AssetImage[] {
  const fact = (name: ImageFact) => {
    const texts = cell(factColumn(column, name));
    return (row: number): (string | number | null)[] => {
      const text = texts(row);
      if (!column.list) return [text ?? null];
      return text === undefined ? [] : (JSON.parse(text) as (string | number | null)[]);
    };
  };
  const facts = {
    paths: fact("path"),
    hashes: fact("hash"),
    formats: fact("format"),
    widths: fact("width"),
    heights: fact("height"),
    sizes: fact("bytes"),
    orientations: fact("orientation"),
    names: fact("source_name"),
  };
  const numberOf = (value: string | number | null | undefined) => (value == null ? null : Number(value));
  return (row) => {
    const of = Object.fromEntries(Object.entries(facts).map(([name, at]) => [name, at(row)]));
    return (of.paths ?? []).flatMap((path, at): AssetImage[] => {
      const [width, height] = [numberOf(of.widths?.[at]), numberOf(of.heights?.[at])];
      // An asset that is no image has a path too, but no width.
      if (path === null || width === null || height === null) return [];
      const asset = String(path);
      return [
        {
          asset,
          path: layout.asset(asset),
          hash: String(of.hashes?.[at] ?? ""),
          format: String(of.formats?.[at] ?? ""),
          extension: asset.slice(asset.lastIndexOf(".") + 1),
          width,
          height,
          bytes: numberOf(of.sizes?.[at]) ?? 0,
          orientation: numberOf(of.orientations?.[at]),
          sourceName: of.names?.[at] == null ? null : String(of.names[at]),
        },
      ];
    });
  };
}
