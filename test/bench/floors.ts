/**
 * The floors: what the hardware and the best library ask for, each as a process of its own. Run as
 * `bun test/bench/floors.ts FLOOR ARGS...`; the caller times the process.
 */
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import sharp from "sharp";

async function listFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** SHA-256 of every file of a folder, one after the other. */
async function hash(folder: string): Promise<void> {
  for (const file of await listFiles(folder)) {
    new Bun.CryptoHasher("sha256").update(await readFile(file)).digest("hex");
  }
}

/** Full decode of every image of a folder to raw pixels, two in parallel, each on one thread. */
async function decode(folder: string): Promise<void> {
  sharp.cache(false);
  sharp.concurrency(1);
  const files = await listFiles(folder);
  let next = 0;
  const work = async () => {
    for (let at = next++; at < files.length; at = next++) await sharp(files[at]).raw().toBuffer();
  };
  await Promise.all([work(), work()]);
}

/** The same, and a JPEG of quality 95 without chroma subsampling of each. */
async function encode(folder: string): Promise<void> {
  sharp.cache(false);
  sharp.concurrency(1);
  const files = await listFiles(folder);
  let next = 0;
  const work = async () => {
    for (let at = next++; at < files.length; at = next++) {
      await sharp(files[at]).jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer();
    }
  };
  await Promise.all([work(), work()]);
}

/** CREATE TABLE AS over every Parquet of a folder into a new database file, then a checkpoint. */
async function createTable(folder: string, target: string): Promise<void> {
  const files = (await listFiles(folder)).filter((file) => file.endsWith(".parquet"));
  const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(", ");
  const instance = await DuckDBInstance.create(target);
  const connection = await instance.connect();
  await connection.run(
    `CREATE TABLE catalog AS SELECT * FROM read_parquet([${list}], union_by_name = true, hive_partitioning = true, hive_types_autocast = false)`,
  );
  await connection.run("CHECKPOINT");
  connection.closeSync();
  instance.closeSync();
}

/** A copy that is on the disk, as between file systems: not two names of the same blocks. */
async function copy(from: string, to: string): Promise<void> {
  const [source, target] = [await open(from), await open(to, "w")];
  const buffer = Buffer.alloc(4 * 1024 * 1024);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    await target.write(buffer, 0, bytesRead);
  }
  await target.sync();
  await target.close();
  await source.close();
}

const FLOORS: Record<string, (...args: string[]) => Promise<void>> = {
  hash,
  decode,
  encode,
  createTable,
  copy,
};
const [name = "", ...args] = process.argv.slice(2);
await FLOORS[name]?.(...args);
