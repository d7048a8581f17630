import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";
import { makeThumbnail } from "../../images/thumbnail.ts";
import { tiffPages } from "../../images/tiff-pages.ts";
import { bytesAsSource } from "../../images/tiff-source.ts";
import { replaceFile } from "../../lake/replace.ts";
import { checkValue } from "../../schema/check.ts";
import { readLines } from "../../util/lines.ts";

/** The hidden command of the process that makes thumbnails. */
export const THUMBS_COMMAND = "__thumbs";

const OrderSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    id: v.number(),
    path: v.string(),
    output: v.string(),
    side: v.number(),
    frame: v.number(),
    is_checked: v.boolean(),
    page: v.nullable(v.number()),
  }),
);

/** Makes one thumbnail after the other as told on stdin, and says for each whether it is there. Ends with stdin. */
export async function serveThumbs(
  input: AsyncIterable<Uint8Array>,
  write: (line: string) => void,
): Promise<number> {
  for await (const line of readLines(input)) {
    const order = checkValue(OrderSchema, line);
    if (!order.success) return 1;
    const { id, ...wanted } = order.output;
    const ok = await make(wanted).then(
      () => true,
      () => false,
    );
    write(`${JSON.stringify({ id, ok })}\n`);
  }
  return 0;
}

async function make({
  path,
  output,
  side,
  frame,
  is_checked,
  page,
}: Omit<v.InferOutput<typeof OrderSchema>, "id">): Promise<void> {
  const file = await readFile(path);
  const bytes = page === null ? file : tiffPages(bytesAsSource(file)).cut(page).bytes;
  const thumbnail = await makeThumbnail(bytes, side, frame, is_checked);
  await mkdir(dirname(output), { recursive: true });
  const fresh = `${output}.${process.pid}`;
  await writeFile(fresh, thumbnail);
  await replaceFile(fresh, output);
}
