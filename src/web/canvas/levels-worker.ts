/** Makes smaller ones of an image. A thread of its own: browsers make them on the thread that asks, 35 ms for a scan. */
import type { LevelAnswer, LevelOrder } from "./levels.ts";

/** Those that are waited for. */
const wanted = new Set<number>();

addEventListener("message", async ({ data }: MessageEvent<LevelOrder>) => {
  const { id } = data;
  if ("stop" in data) return wanted.delete(id);
  wanted.add(id);
  await makeLevels(id, data.blob, data.smallest).catch(() => {}); // the image itself is there
  wanted.delete(id);
  answer({ id });
});

async function makeLevels(id: number, blob: Blob, smallest: number): Promise<void> {
  let last = await createImageBitmap(blob);
  while (last.width / 2 >= smallest && wanted.has(id)) {
    const size = { resizeWidth: Math.round(last.width / 2), resizeQuality: "medium" } as const;
    const level = await createImageBitmap(last, size);
    last.close();
    last = await createImageBitmap(level); // what is sent is gone from here
    answer({ id, level }, [level]);
  }
  last.close();
}

function answer(message: LevelAnswer, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}
