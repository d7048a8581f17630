import type { RecordBatch } from "apache-arrow";
import { jsonCells } from "./cells.ts";
import { type EncodedResult, rowTexts, statsFields, textPieces } from "./encoder.ts";

/**
 * One JSON document: `engine`, `columns` with name and type, `rows` as objects, then `row_count` (all hits),
 * `engine_ms` and the catalog's `generation`. Values as in `jsonCells`.
 */
export function encodeJson(result: EncodedResult): AsyncIterable<Uint8Array> {
  return textPieces(jsonTexts(result));
}

async function* jsonTexts(result: EncodedResult): AsyncGenerator<string> {
  const { engine, columns, stats, generation } = result;
  yield `{"engine":${JSON.stringify(engine)},"columns":${JSON.stringify(columns)},"rows":[`;
  let rowCount = 0;
  const rows = rowTexts(result.batches, (batch) => {
    const objectAt = jsonObjects(batch);
    return (row) => `${rowCount++ === 0 ? "" : ",\n"}${objectAt(row)}`;
  });
  yield* rows;
  const rest = {
    row_count: result.matchCount ?? rowCount,
    ...statsFields(stats),
    ...(generation !== undefined && { generation }),
  };
  yield `],${JSON.stringify(rest).slice(1)}\n`;
}

/** One JSON object per line (ndjson.org). */
export function encodeNdjson(result: EncodedResult): AsyncIterable<Uint8Array> {
  return textPieces(
    rowTexts(result.batches, (batch) => {
      const objectAt = jsonObjects(batch);
      return (row) => `${objectAt(row)}\n`;
    }),
  );
}

function jsonObjects(batch: RecordBatch): (row: number) => string {
  const cells = jsonCells(batch);
  const names = batch.schema.fields.map(({ name }) => `${JSON.stringify(name)}:`);
  return (row) => {
    let text = "{";
    for (let at = 0; at < cells.length; at++) {
      text += `${at === 0 ? "" : ","}${names[at]}${cells[at]?.(row) ?? "null"}`;
    }
    return `${text}}`;
  };
}
