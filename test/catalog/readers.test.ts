import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LONG } from "../long.ts";
import { commit, KEY, refresh, withLake } from "./lakes.ts";

setDefaultTimeout(LONG ? 1_200_000 : 300_000); // many processes on a machine that is busy elsewhere

// Each reader takes a share of the processor from the publisher.
const [READERS, PUBLISHES] = LONG ? [20, 50] : [5, 12];

test("readers in other processes see whole generations while new ones are published", () =>
  withLake(async (bench) => {
    const { lake, folder } = bench;
    const publish = async (generation: number) => {
      // Every generation replaces two partitions: rows of different marks would be a mix.
      const rows = `SELECT range AS id, ${generation}::BIGINT AS mark FROM range(${500 + generation * 10})`;
      await commit(bench, "replace", rows, KEY);
      await commit(bench, "replace", rows, { ...KEY, dataset: "007" });
      expect((await refresh(bench)).generation).toBe(generation);
    };
    await publish(1);
    const stop = join(folder, "stop");
    const started = Array.from({ length: READERS }, (_, at) => join(folder, `started-${at}`));
    const readers = started.map((file, at) =>
      Bun.spawn(
        [
          process.execPath,
          join(import.meta.dir, "reader.ts"),
          lake.layout.catalogFile,
          join(folder, `r${at}`),
          stop,
          file,
        ],
        { stdout: "pipe", stderr: "pipe" },
      ),
    );
    while (!started.every((file) => existsSync(file))) await Bun.sleep(20);
    for (let generation = 2; generation <= PUBLISHES; generation++) await publish(generation);
    await Bun.write(stop, "");
    for (const reader of readers) {
      const [stdout, stderr, exit] = await Promise.all([
        new Response(reader.stdout).text(),
        new Response(reader.stderr).text(),
        reader.exited,
      ]);
      expect([exit, stderr]).toEqual([0, ""]);
      expect(JSON.parse(stdout).looks).toBeGreaterThan(0);
    }
  }));
