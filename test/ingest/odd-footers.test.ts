import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Table, tableToIPC, vectorFromArray } from "apache-arrow";
import { writeStreamAsParquet } from "../../src/ingest/arrow/to-parquet.ts";
import { withKit } from "./kit.ts";

const TAIL_BYTES = 8;

/** A file whose footer ends with other bytes than this one's last. */
function withFooterEnd(file: Buffer, end: readonly number[]): Buffer {
  const tail = Buffer.from(file.subarray(-TAIL_BYTES));
  tail.writeUInt32LE(tail.readUInt32LE(0) + end.length - 1);
  return Buffer.concat([file.subarray(0, -TAIL_BYTES - 1), Buffer.from(end), tail]);
}

test("encrypted Parquet is refused by what it is, whether its footer can be read or not", async () => {
  await withKit(async (kit) => {
    const path = join(kit.folder, "secret.parquet");
    const stream = tableToIPC(new Table({ v: vectorFromArray([1, 2]) }), "stream");
    await writeStreamAsParquet([stream], path, path);
    const plain = await readFile(path);
    // field 8, encryption_algorithm: AES_GCM_V1 of a plain footer
    const readable = withFooterEnd(plain, [0x1c, 0x1c, 0, 0, 0]);
    const closed = Buffer.from(plain);
    closed.write("PARE", 0);
    closed.write("PARE", closed.length - 4);
    const unreadable = withFooterEnd(plain, [0x1c, 0x1c, 0x18, 1, 0xff, 0, 0, 0]);
    for (const file of [readable, closed, unreadable]) {
      await writeFile(path, file);
      await expect(kit.plan(path)).rejects.toMatchObject({
        code: "unsupported_format",
        message: `${path} is encrypted; write it again without encryption`,
      });
    }
  });
});

test("Parquet without columns says so", async () => {
  const schema = [0x48, 6, ...Buffer.from("schema"), 0x15, 0, 0];
  const footer = [0x15, 4, 0x19, 0x1c, ...schema, 0x16, 0, 0x19, 0x0c, 0];
  const magic = [...Buffer.from("PAR1")];
  await withKit(async (kit) => {
    const path = join(kit.folder, "nothing.parquet");
    await writeFile(path, Buffer.from([...magic, ...footer, footer.length, 0, 0, 0, ...magic]));
    await expect(kit.plan(path)).rejects.toMatchObject({
      code: "empty_input",
      message: `${path} has no columns; there is nothing to upload`,
    });
  });
});
