/** Training formats, loaded by the trainers' own packages: those that need torch (`bun run interop full`). */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { expectPages } from "./expect-pages.ts";
import { type ExpectedPage, loadAll, makeTrainerLake } from "./kit.ts";

setDefaultTimeout(900_000);

let lake: Awaited<ReturnType<typeof makeTrainerLake>>;
let expected: ExpectedPage[];

beforeAll(async () => {
  lake = await makeTrainerLake();
  expected = await lake.expected();
});

afterAll(async () => {
  lake.client.close();
  await rm(lake.folder, { recursive: true, force: true });
});

/** Thousandths, and their rounding by the trainer. */
const within = 0.0011;

test("yolo", async () => {
  const { output } = await lake.download("yolo");
  const { yolo } = await loadAll("trainer-yolo", { yolo: output });
  expect(yolo?.problems).toEqual([]);
  expectPages(yolo?.pages ?? [], expected);
});

test("ms-swift, for models that see pixels and for those that see thousandths", async () => {
  const { output } = await lake.download("ms-swift");
  const seen = (await loadAll("trainer-ms-swift", { "ms-swift": output }))["ms-swift"];
  expect(seen?.problems).toEqual([]);
  expectPages(seen?.pages ?? [], expected, { within });
  expectPages(seen?.resized ?? [], expected, { within: 0.003 });
});

test("llama-factory", async () => {
  const { output } = await lake.download("llama-factory");
  const seen = (await loadAll("trainer-llama-factory", { "llama-factory": output }))["llama-factory"];
  expect(seen?.problems).toEqual([]);
  expectPages(seen?.pages ?? [], expected, { within });
});

test("messages, by TRL", async () => {
  const { output } = await lake.download("messages");
  const { messages } = await loadAll("trainer-messages", { messages: output });
  expect(messages?.problems).toEqual([]);
  expectPages(messages?.pages ?? [], expected, { within, inOrder: true });
});
