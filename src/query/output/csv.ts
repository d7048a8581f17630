import { csvField } from "../../util/csv.ts";
import { plainCells } from "./cells.ts";
import { type EncodedResult, rowTexts, textPieces } from "./encoder.ts";

/**
 * CSV (RFC 4180: CRLF, doubled quotes) in UTF-8 with a header. NULL is empty, an empty text `""`; lists and
 * structs are JSON, bytes base64, times ISO 8601.
 */
export function encodeCsv(result: EncodedResult): AsyncIterable<Uint8Array> {
  return textPieces(csvTexts(result));
}

async function* csvTexts({ columns, batches }: EncodedResult): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => csvField(name)).join(",")}\r\n`;
  // Readers skip empty lines.
  const alone = columns.length === 1;
  yield* rowTexts(batches, (batch) => {
    const cells = plainCells(batch);
    return (row) => {
      const line = cells.map((cell) => csvField(cell(row))).join(",");
      return `${alone && line === "" ? '""' : line}\r\n`;
    };
  });
}
