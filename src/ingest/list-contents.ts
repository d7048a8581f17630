import { throwIfCancelled } from "../errors.ts";
import { chunksOf, streamResult } from "../query/stream-result.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import type { EmbeddedBatch } from "./input.ts";
import { EMPTY, IN_FLIGHT, type RowContent, type RowContentsOptions, stageOwn } from "./row-contents.ts";

/** The facts of a row's images are JSON lists here, and made lists when the rows are written. */
export async function* stageListContents(options: RowContentsOptions): AsyncGenerator<RowContent[]> {
  const { database, input, source, signal } = options;
  const paths = `CAST(to_json(${source.path ?? "NULL"}) AS VARCHAR)`;
  const rejects = `CAST(${input.rejects ?? "NULL"} AS VARCHAR)`;
  const cells = source.embedded === undefined ? undefined : cellsOf(input.embedded(source.embedded, signal));
  // a connection of its own: another query on the same one would end this stream
  const connection = await database.instance.connect();
  try {
    const result = await streamResult(
      connection,
      `SELECT ${paths}, ${rejects} FROM ${await input.rows(signal)}`,
    );
    for await (const chunk of chunksOf(result)) {
      for (const [list, reject] of chunk.getRows() as (string | null)[][]) {
        throwIfCancelled(signal);
        const given = list == null ? null : (JSON.parse(list) as (string | null)[]);
        const elements: Element[] = [];
        for (const path of given ?? [])
          elements.push({ path: path || null, bytes: (await cells?.next())?.value ?? null });
        if (reject != null) yield [{ ...EMPTY, reject }];
        else yield [given === null ? EMPTY : await stageElements(elements, options)];
      }
    }
  } finally {
    connection.closeSync();
    await cells?.return(undefined);
  }
}

interface Element {
  path: string | null;
  bytes: Uint8Array | null;
}

/** The bytes of each element, of its own: those of a row may stand in several batches. */
async function* cellsOf(
  batches: AsyncIterable<EmbeddedBatch>,
): AsyncGenerator<Uint8Array | null, undefined, undefined> {
  for await (const batch of batches) for (const cell of batch) yield cell?.slice() ?? null;
}

async function stageElements(elements: readonly Element[], options: RowContentsOptions): Promise<RowContent> {
  const staged = await mapConcurrent(elements, IN_FLIGHT, ({ path, bytes }) =>
    stageOwn({ path, bytes, page: null, textPath: null, name: null, reject: null }, options),
  );
  const wrong = staged.findIndex(({ reject }) => reject !== null);
  return {
    sourceHash: JSON.stringify(staged.map(({ sourceHash }) => sourceHash)),
    sourceName: JSON.stringify(staged.map(({ sourceName }) => sourceName)),
    document: null,
    text: null,
    reject: wrong < 0 ? null : `[${wrong}]: ${staged[wrong]?.reject}`,
  };
}
