import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmod,
  type FileHandle,
  link,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type AssetIndex, openAssetIndex } from "../../src/assets/index.ts";
import { prepareContents } from "../../src/assets/prepare.ts";
import { findListed, findStored } from "../../src/assets/resolve.ts";
import { type StoredContent, storeContents } from "../../src/assets/store.ts";
import { openTempFolder } from "../../src/assets/temp-folder.ts";
import { OPEN_GATE } from "../../src/images/gate.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import type { PreparedContent, PrepareRequest } from "../../src/schema/work.ts";
import { picture } from "../images/samples.ts";

const TERMS = { kind: "image", policy: "optimize", verify: "full" } as const;
const dataset = { provider: "aihub", dataset: "영수증" };
let root: string;
let samples: Record<string, Buffer>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "datalake-assets-"));
  const jpeg = await picture(40, 30, 2).jpeg().toBuffer();
  samples = {
    jpeg,
    other: await picture(40, 30, 9).jpeg().toBuffer(),
    png: await picture(300, 200, 3).png({ compressionLevel: 0 }).toBuffer(),
    tiff: await picture(300, 200, 3).tiff({ compression: "none" }).toBuffer(),
    // Other bytes, the same pixels: a decoder stops at the end-of-image marker.
    tail: Buffer.concat([jpeg, Buffer.from("trailing")]),
    broken: jpeg.subarray(0, jpeg.length / 2),
  };
});

afterAll(() => rm(root, { recursive: true, force: true }));

interface Bench {
  lake: Lake;
  index: AssetIndex;
  prepare(names: string[], more?: Partial<PrepareRequest>): Promise<PreparedContent[]>;
  store(prepared: PreparedContent[], policy?: "optimize" | "preserve"): Promise<StoredContent[]>;
  assets(): Promise<string[]>;
}

async function createBench(): Promise<Bench> {
  const folder = await mkdtemp(join(root, "lake-"));
  const { lake } = await initLake(folder);
  const index = openAssetIndex(join(folder, "index.sqlite"));
  const { path: temp_folder } = await openTempFolder(lake, dataset);
  return {
    lake,
    index,
    prepare: async (names, more = {}) => {
      const contents = [];
      for (const name of names) {
        const bytes = samples[name] ?? Buffer.from(name);
        const source_hash = hashOf(bytes);
        const path = join(folder, source_hash);
        await rm(path, { force: true });
        await writeFile(path, bytes);
        contents.push({
          source_hash,
          place: { stagedAt: path, staging: folder },
          is_stored: false,
          source_name: `${name}.jpg`,
        });
      }
      const request = { type: "prepare", kind: "image", policy: "optimize", verify: "full" } as const;
      const limits = { max_pixels: 1e6, max_bytes: 1e7, suspect_file: null };
      const terms = { file_mode: lake.modes.asset, file_group: null };
      return prepareContents({ ...request, ...limits, ...terms, temp_folder, contents, ...more }, OPEN_GATE);
    },
    store: (prepared, policy = "optimize") =>
      storeContents({ lake, dataset, index, terms: { kind: "image", policy, verify: "full" } }, prepared),
    assets: async () => {
      const entries = await readdir(lake.layout.assets, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    },
  };
}

const hashOf = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

function outcomes(stored: StoredContent[]): string[] {
  return stored.map((content) => ("outcome" in content ? content.outcome : "rejected"));
}

describe("storeContents", () => {
  test("stores an image under the SHA-256 of its bytes, read-only and byte for byte", async () => {
    const bench = await createBench();
    const [stored] = await bench.store(await bench.prepare(["jpeg"]));
    const asset = stored && "asset" in stored ? stored.asset : undefined;
    const path = bench.lake.layout.asset(asset?.path ?? "");
    expect(asset).toMatchObject({
      hash: hashOf(samples.jpeg ?? Buffer.alloc(0)),
      width: 40,
      height: 30,
      format: "jpeg",
    });
    expect(Buffer.compare(await readFile(path), samples.jpeg ?? Buffer.alloc(0))).toBe(0);
    expect((await stat(path)).mode & 0o777).toBe(0o444);
  });

  test("every asset hashes to its name, and nothing else is left", async () => {
    const bench = await createBench();
    await bench.store(await bench.prepare(["jpeg", "png", "tiff", "other", "broken"]));
    const files = await bench.assets();
    expect(files).toHaveLength(3);
    for (const file of files) expect(file).toContain(hashOf(await readFile(file)));
  });

  test("shares equal bytes and equal pixels, and says so of each source", async () => {
    const bench = await createBench();
    const first = await bench.store(await bench.prepare(["jpeg", "tail", "png", "tiff", "broken"]));
    expect(outcomes(first)).toEqual(["stored", "deduplicated", "stored", "deduplicated", "rejected"]);
    const [jpeg, tail] = first;
    expect(tail && "asset" in tail && tail.asset.hash).toBe(jpeg && "asset" in jpeg && jpeg.asset.hash);
    expect(tail && "asset" in tail && tail.asset.source_hash).toBe(hashOf(samples.tail ?? Buffer.alloc(0)));
    const again = await bench.store(await bench.prepare(["tail", "jpeg", "tiff"]));
    expect(outcomes(again)).toEqual(["deduplicated", "deduplicated", "deduplicated"]);
    expect(await bench.assets()).toHaveLength(2);
  });

  test("preserve keeps other bytes of the same pixels", async () => {
    const bench = await createBench();
    const stored = await bench.store(
      await bench.prepare(["jpeg", "tail"], { policy: "preserve" }),
      "preserve",
    );
    expect(outcomes(stored)).toEqual(["stored", "stored"]);
  });

  test("an asset that vanished is stored again", async () => {
    const bench = await createBench();
    await bench.store(await bench.prepare(["jpeg"]));
    for (const file of await bench.assets()) await rm(file);
    expect(outcomes(await bench.store(await bench.prepare(["jpeg"])))).toEqual(["stored"]);
    expect(await bench.assets()).toHaveLength(1);
  });

  test("a lost index costs nothing: what lies there is found by its name", async () => {
    const bench = await createBench();
    await bench.store(await bench.prepare(["jpeg", "png"]));
    const fresh = openAssetIndex(join(bench.lake.root, "fresh.sqlite"));
    const target = { lake: bench.lake, dataset, index: fresh, terms: TERMS };
    await storeContents(target, await bench.prepare(["png", "jpeg"]));
    expect(await bench.assets()).toHaveLength(2);
  });

  test("other bytes under an asset's name are an error, not an overwrite", async () => {
    const bench = await createBench();
    await bench.store(await bench.prepare(["jpeg"]));
    const [file = ""] = await bench.assets();
    await rm(file);
    await writeFile(file, "short");
    bench.index.close();
    const fresh = openAssetIndex(join(bench.lake.root, "fresh.sqlite"));
    const target = { lake: bench.lake, dataset, index: fresh, terms: TERMS };
    const storing = storeContents(target, await bench.prepare(["jpeg"]));
    expect(storing).rejects.toMatchObject({ code: "corrupt" });
    await storing.catch(() => {});
    expect(await readFile(file, "utf8")).toBe("short");
  });

  test("any split of the same contents into batches leaves the same assets and rows", async () => {
    const names = ["jpeg", "tail", "png", "tiff", "other"];
    const whole = await createBench();
    const expected = await whole.store(await whole.prepare(names));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), async (size) => {
        const bench = await createBench();
        const stored: StoredContent[] = [];
        for (let at = 0; at < names.length; at += size) {
          stored.push(...(await bench.store(await bench.prepare(names.slice(at, at + size)))));
        }
        expect(stored).toEqual(expected);
      }),
      { numRuns: 4 },
    );
  });
});

describe("an asset", () => {
  /** Stores the sample `jpeg` from a file that `make` makes, and gives the asset's path. */
  async function storeFrom(bench: Bench, kind: "image" | "file", make: (path: string) => Promise<unknown>) {
    const path = join(bench.lake.root, "content");
    await writeFile(path, samples.jpeg ?? "", { mode: 0o444 });
    await make(path);
    const source_hash = hashOf(samples.jpeg ?? Buffer.alloc(0));
    const place = { stagedAt: path, staging: bench.lake.root };
    const contents = [{ source_hash, place, is_stored: false, source_name: "a.jpg" }];
    expect(outcomes(await bench.store(await bench.prepare([], { contents, kind })))).toEqual(["stored"]);
    const [asset = ""] = await bench.assets();
    expect(hashOf(await readFile(asset))).toBe(source_hash);
    expect((await stat(asset)).mode & 0o777).toBe(0o444);
    return { asset, isSame: (await stat(asset)).ino === (await stat(path)).ino };
  }

  for (const kind of ["image", "file"] as const) {
    test(`is the very file that was staged (${kind}) where only this account could ever write it`, async () => {
      const { isSame } = await storeFrom(await createBench(), kind, async () => {});
      expect(isSame).toBe(true);
    });

    test(`is a file of the lake's own (${kind}) where somebody may have the staged one open`, async () => {
      const bench = await createBench();
      let handle: FileHandle | undefined;
      const open = await storeFrom(bench, kind, async (path) => {
        await chmod(path, 0o664);
        handle = await openFile(path, "r+");
      });
      await handle?.write("EVIL", 0);
      await handle?.close();
      expect(open.isSame).toBe(false);
      expect(hashOf(await readFile(open.asset))).toBe(hashOf(samples.jpeg ?? Buffer.alloc(0)));
    });

    test(`is a file of the lake's own (${kind}) where the staged one has another name elsewhere`, async () => {
      const bench = await createBench();
      const linked = await storeFrom(bench, kind, (path) => link(path, join(bench.lake.root, "own")));
      expect(linked.isSame).toBe(false);
    });
  }

  test("never is a link, even where one stands in its place", async () => {
    const bench = await createBench();
    await bench.store(await bench.prepare(["jpeg"]));
    const [asset = ""] = await bench.assets();
    await rename(asset, join(bench.lake.root, "elsewhere"));
    await symlink(join(bench.lake.root, "elsewhere"), asset);
    const fresh = openAssetIndex(join(bench.lake.root, "fresh.sqlite"));
    const target = { lake: bench.lake, dataset, index: fresh, terms: TERMS };
    const storing = storeContents(target, await bench.prepare(["jpeg"]));
    expect(await storing.catch((error) => error)).toMatchObject({ code: "corrupt" });
  });
});

describe("prepareContents", () => {
  test("gives the reason for a content that is no file: a link, a pipe, a folder, nothing", async () => {
    const bench = await createBench();
    const reasons: string[] = [];
    for (const make of [
      (path: string) => symlink("/dev/zero", path),
      (path: string) => Promise.resolve(Bun.spawnSync(["mkfifo", path])),
      (path: string) => mkdir(path),
      () => Promise.resolve(),
    ]) {
      const path = join(bench.lake.root, `odd-${reasons.length}`);
      await make(path);
      const place = { stagedAt: path, staging: bench.lake.root };
      const contents = [{ source_hash: "a".repeat(64), place, is_stored: false, source_name: "p.jpg" }];
      const [answer] = await bench.prepare([], { contents });
      reasons.push(answer && !answer.ok ? answer.reason : "usable");
    }
    expect(reasons).toEqual([
      "its file p.jpg is a symbolic link, not a file; upload it again",
      "its file p.jpg is a pipe, not a file; upload it again",
      "its file p.jpg is a folder, not a file; upload it again",
      "its file p.jpg is missing from the upload",
    ]);
  });

  test("answers in order, with a reason for what cannot be used", async () => {
    const bench = await createBench();
    const prepared = await bench.prepare(["broken", "jpeg", "not an image"]);
    expect(prepared.map(({ ok }) => ok)).toEqual([false, true, false]);
  });

  test("refuses bytes that changed since they were uploaded, and files above the limit", async () => {
    const bench = await createBench();
    const path = join(bench.lake.root, "changed");
    await writeFile(path, samples.jpeg ?? "");
    const place = { stagedAt: path, staging: bench.lake.root };
    const contents = [{ source_hash: "a".repeat(64), place, is_stored: false, source_name: null }];
    const [changed] = await bench.prepare([], { contents });
    expect(changed).toMatchObject({ ok: false });
    const [large] = await bench.prepare(["jpeg"], { max_bytes: 10 });
    expect(large && !large.ok && large.reason).toContain("images.max_bytes");
  });

  test("takes other files as they are, by the extension of their name", async () => {
    const bench = await createBench();
    const [file] = await bench.prepare(["any text"], { kind: "file" });
    expect(file).toMatchObject({ ok: true, extension: "jpg", width: null, pixel_hash: null, bytes: 8 });
    const [stored] = file ? await bench.store([file]) : [];
    const hash = hashOf(Buffer.from("any text"));
    expect(stored && "asset" in stored && stored.asset.path).toContain(`${hash}.jpg`);
    for (const find of [findStored, findListed]) {
      expect(await find(bench.lake, dataset, hash)).toEndWith(`${hash}.jpg`);
      expect(await find(bench.lake, dataset, `${hash.slice(0, 4)}${"b".repeat(60)}`)).toBeUndefined();
      expect(await find(bench.lake, dataset, "b".repeat(64))).toBeUndefined();
    }
  });

  test("leaves the suspect's name behind only while it works", async () => {
    const bench = await createBench();
    const suspect_file = join(bench.lake.root, "suspect");
    await bench.prepare(["jpeg"], { suspect_file });
    expect(await readFile(suspect_file, "utf8")).toBe("");
  });
});
