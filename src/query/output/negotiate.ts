import { AppError } from "../../errors.ts";
import { mediaTypes, ROW_FORMATS, type RowFormat } from "./formats.ts";

/**
 * The format preferred by an Accept header (RFC 9110, 12.5.1): by weight, then table order; JSON without a
 * header. Throws `not_acceptable` if no format is accepted.
 */
export function negotiate(accept: string | null | undefined): RowFormat {
  if (accept === null || accept === undefined || accept.trim() === "") return "json";
  const ranges = accept.split(",").map(parseRange);
  let best: { format: RowFormat; weight: number } | undefined;
  for (const format of ROW_FORMATS) {
    const weight = Math.max(...mediaTypes(format).map((type) => weightOf(type, ranges)));
    if (weight > (best?.weight ?? 0)) best = { format, weight };
  }
  if (best) return best.format;
  const known = ROW_FORMATS.map((format) => mediaTypes(format)[0]);
  throw new AppError(
    "not_acceptable",
    `rows are not available as ${accept}; request one of ${known.join(", ")}, or add ?format=`,
    { details: { accept, available: known } },
  );
}

interface MediaRange {
  type: string;
  weight: number;
}

function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const parsed = weight === undefined ? 1 : Number(weight);
  return { type, weight: parsed >= 0 && parsed <= 1 ? parsed : 0 };
}

/** Weight of the most specific matching range; 0 if none matches. */
function weightOf(mediaType: string, ranges: readonly MediaRange[]): number {
  const [main] = mediaType.split("/");
  for (const wanted of [mediaType, `${main}/*`, "*/*"]) {
    const range = ranges.find(({ type }) => type === wanted);
    if (range) return range.weight;
  }
  return 0;
}
