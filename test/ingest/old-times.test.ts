import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../code-of.ts";
import { withKit } from "./kit.ts";

/** Files with a column `v` of INT96, as pyarrow writes it with use_deprecated_int96_timestamps. */
const WHOLE =
  "UEFSMRUEFTAVMEwVBBUAEgAAALo11hofAAAQiyUAGPxOkZROAACLPSUAFQAVEhUSLBUGFRAVBhUGHAAAAAIAAAADBQEDAhUEGSw1ABgGc2NoZW1hFQIAFQYlAhgBdgAWBhkcGRwmABwVBhk1AAYQGRgBdhUAFgYWhAEWhAEmVCYIKSwVBBUAFQIAFQAVEBUCADwpBhkmAgQAAAAWhAEWBiYIFoQBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZHBwAAACIAAAAUEFSMQ==";
const FINE =
  "UEFSMRUAFTwVPCwVBhUAFQYVBhwAAAACAAAAAwUAujXWGh8AABCLJQAVvTXWGh8AABCLJQAVBBksNQAYBnNjaGVtYRUCABUGJQIYAXYAFgYZHBkcJgAcFQYZJQYAGRgBdhUAFgYWYhZiJghJHBUAFQAVAgA8KQYZJgIEAAAAFmIWBiYIFmIAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRkcHAAAAHoAAABQQVIx";
const FINE_LIST =
  "UEFSMRUEFTAVLkwVBhUAEgAAGAQBAAkBPAIAAAAAAAAAAwAAAAAAAAAVABUUFRgsFQYVEBUGFQYcAAAACiQCAAAABgECAyQAFQQVMBU0TBUEFQASAAAYXAC6NdYaHwAAEIslAAG6NdYaHwAAEIslABUAFSAVJCwVCBUQFQYVBhwAAAAQPAIAAAADAgMAAAADywABAwIVBBlcNQAYBnNjaGVtYRUEABUEJQIYAW4ANQIYAXYVAhUGTDwAAAA1BBgEbGlzdBUCABUGJQIYB2VsZW1lbnQAFgYZHBksJgAcFQQZNQAGEBkYAW4VAhYGFoYBFogBJlImCCksFQQVABUCABUAFRAVAgA8KQYZJgAGAAAAJgAcFQYZNQAGEBk4AXYEbGlzdAdlbGVtZW50FQIWCBaSARaaASbgASaQASksFQQVABUCABUAFRAVAgA8KSYGAhlGAgACBAAAABaYAhYGJggWogIAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRksHAAAHAAAAPsAAABQQVIx";

test("times in INT96 are read where they are whole microseconds, and refused by their column where they are finer", async () => {
  await withKit(async (kit) => {
    const write = async (name: string, base64: string) => {
      const path = join(kit.folder, name);
      await writeFile(path, Buffer.from(base64, "base64"));
      return path;
    };
    const { rows } = await kit.stage(await write("whole.parquet", WHOLE));
    expect(rows.map((row) => row.v)).toEqual([
      "2024-05-01 09:30:00.123456",
      null,
      "1969-12-31 23:59:59.999999",
    ]);
    for (const [name, base64] of [
      ["plain.parquet", FINE],
      ["list.parquet", FINE_LIST],
    ] as const) {
      const refused = kit.plan(await write(name, base64));
      expect(await codeOf(refused.then(() => {}))).toBe("unsupported_format");
      await expect(refused).rejects.toThrow(`${name}: the column "v" holds times finer than microseconds`);
    }
  });
});
