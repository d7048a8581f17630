import { afterAll, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as v from "valibot";
import { judgeText, markText, unmarkText } from "../../src/lake/end-mark.ts";
import { lookAtJson, readJson, sealJson, writeJson } from "../../src/lake/json-file.ts";
import { describeLake, initLake, type Lake, openLake } from "../../src/lake/lake.ts";
import { DEFAULT_MODES } from "../../src/lake/modes.ts";
import { editTaxonomy, lookAtNewest, readTaxonomy } from "../../src/lake/taxonomy.ts";
import { addProvider } from "../../src/lake/taxonomy-changes.ts";
import { createToken, readTokens } from "../../src/lake/tokens.ts";
import { createView, mayLag, type View } from "../../src/lake/view.ts";
import { codeOf } from "../code-of.ts";

const folder = await mkdtemp(join(tmpdir(), "view-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** More than it takes until what comes late is there; somebody is told after two seconds. */
const LONG_MS = 60_000;

/** A view of a mount that may lag, which this machine's does not: what it shows is put there by the test. */
function laggingView(more: Partial<View> = {}): View {
  return createView({ staleMs: 20_000, mayLag: async () => true, ...more });
}

let count = 0;
async function lakeOn(view: View): Promise<Lake> {
  const { lake } = await initLake(join(folder, `lake-${count++}`));
  return describeLake(lake.root, DEFAULT_MODES, view);
}

const Document = v.object({ words: v.array(v.string()) });
const DOCUMENT = { words: ["가나다", "b"] };

describe("a JSON document", () => {
  test("is whole only with its last byte, not padded, and of one state", () => {
    const [old, text] = [sealJson({ words: ["old", "longer than the new one"] }), sealJson(DOCUMENT)];
    const isWhole = (seen: string) => lookAtJson("x.json", seen, Document).isWhole;
    expect(isWhole(text)).toBe(true);
    for (let at = 0; at < text.length - 1; at++) {
      expect(isWhole(text.slice(0, at)), text.slice(0, at)).toBe(false);
      for (const mixed of [text.slice(0, at) + old.slice(at), old.slice(0, at) + text.slice(at)]) {
        expect(isWhole(mixed), mixed).toBe(mixed === old || mixed === text);
      }
    }
    expect(isWhole(`${text}\0\0\0`)).toBe(false);
    expect(isWhole(JSON.stringify(DOCUMENT))).toBe(true); // of version 0.1.0
  });

  test("never has the same bytes twice, and comes back without what proves it", async () => {
    const path = join(folder, "document.json");
    await writeJson(path, DOCUMENT);
    const first = await readFile(path, "utf8");
    expect(await readJson(path, v.looseObject({}))).toEqual(DOCUMENT);
    await writeJson(path, DOCUMENT);
    expect(await readFile(path, "utf8")).not.toBe(first);
  });

  test("that is seen cut off is opened again until it is whole, and somebody is told why it takes long", async () => {
    const path = join(folder, "cut.json");
    const whole = `${path}.whole`;
    await writeJson(whole, DOCUMENT);
    for (const seen of ["", (await readFile(whole, "utf8")).slice(0, 60)]) {
      await writeFile(path, seen);
      const said: string[] = [];
      const view = laggingView({
        staleMs: LONG_MS,
        onWait: (message) => {
          said.push(message);
          void copyFile(whole, path);
        },
      });
      expect(await readJson(path, Document, view)).toEqual(DOCUMENT);
      expect(said).toEqual([expect.stringContaining(`waiting up to 60 s`)]);
      expect(said[0]).toContain(path);
    }
  });

  test("that stays cut off is told as seen, and not as damaged; on a local disk nobody waits", async () => {
    const path = join(folder, "torn.json");
    await writeJson(path, DOCUMENT);
    await truncate(path, 30);
    const error = await readJson(path, Document, laggingView({ staleMs: 50 })).catch((caught) => caught);
    expect(error.code).toBe("not_whole");
    expect(error.message).toContain("may show an old state");
    expect(error.message).not.toMatch(/restore|remove|correct/);
    const local = createView({ onWait: () => expect.unreachable() });
    expect(await codeOf(readJson(path, Document, local))).toBe("corrupt");
    expect(await codeOf(readJson(path, Document, laggingView({ signal: AbortSignal.abort() })))).toBe(
      "cancelled",
    );
  });
});

describe("a text that people edit", () => {
  const BODY = "# Ours.\nproviders:\n  a: {}\ntasks:\n  ocr:\n    required: [ lang ]\n";

  test("is whole with its last line, wherever it is cut; what never had one says nothing", () => {
    const text = markText(BODY);
    expect(unmarkText(text)).toBe(BODY);
    expect(judgeText(text)).toBe("marked");
    for (let at = 0; at < text.length - 1; at++) {
      const isPart = text.slice(0, at);
      if (judgeText(isPart) !== "cut") expect(isPart.length).toBeLessThan(headLength(text));
    }
    expect(judgeText(BODY)).toBe("unmarked");
  });

  test("survives what editors do: lines behind the end, other line ends, an end that is gone", () => {
    const text = markText(BODY);
    expect(judgeText(`${text}extra: {}\n`)).toBe("marked");
    expect(judgeText(text.replaceAll("\n", "\r\n"))).toBe("marked");
    expect(judgeText(text.trimEnd())).toBe("marked");
    expect(judgeText(text.split("\n").slice(0, -2).join("\n"))).toBe("cut");
    expect(judgeText(text.split("\n").slice(1).join("\n"))).toBe("marked");
    expect(judgeText(`${text}\0\0`)).toBe("cut");
    const other = markText(BODY);
    expect(judgeText(text.slice(0, 120) + other.slice(120))).toBe("cut");
    expect(unmarkText(markText(`${text}extra: {}\n`))).toBe(`${BODY}extra: {}\n`);
  });

  test("keeps its body whatever that is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (body) => {
        const text = markText(markText(body));
        expect(judgeText(text)).toBe(text.includes("\0") ? "cut" : "marked");
        expect(unmarkText(text).trimEnd()).toBe(body.trimEnd());
      }),
      { numRuns: 200 },
    );
  });

  /** What is shorter than the first line cannot be told from a comment, and says nothing of providers either. */
  function headLength(text: string): number {
    return text.indexOf("\n");
  }
});

describe("the taxonomy on a mount that lags", () => {
  test("is not read, not written back and not corrected while it is seen cut off", async () => {
    const lake = await lakeOn(laggingView({ staleMs: 60 }));
    await addProvider(lake, "aihub", { description: "" });
    const whole = await readFile(lake.layout.taxonomy, "utf8");
    const seen = whole.slice(0, whole.indexOf("tasks:")); // valid YAML, without the tasks
    await writeFile(lake.layout.taxonomy, seen);
    const error = await readTaxonomy(lake).catch((caught) => caught);
    expect([error.code, error.message]).toEqual(["not_whole", expect.stringContaining("last line")]);
    expect(await codeOf(addProvider(lake, "lost", { description: "" }))).toBe("not_whole");
    expect(await readFile(lake.layout.taxonomy, "utf8")).toBe(seen);
    const patient = describeLake(
      lake.root,
      DEFAULT_MODES,
      laggingView({ staleMs: LONG_MS, onWait: () => void writeFile(lake.layout.taxonomy, whole) }),
    );
    expect(Object.keys((await readTaxonomy(patient)).providers)).toEqual(["aihub"]);
    const local = describeLake(lake.root, DEFAULT_MODES, createView({ mayLag: async () => false }));
    await writeFile(lake.layout.taxonomy, seen);
    expect(Object.keys((await readTaxonomy(local)).providers)).toEqual(["aihub"]);
  });

  test("that never had marks is read at once, told of a mistake when that lasts, and gets them by an edit", async () => {
    const lake = await lakeOn(laggingView({ staleMs: 60 }));
    await writeFile(lake.layout.taxonomy, "providers: {a: {}}\ntasks: {ocr: {}}\n");
    const quick = describeLake(lake.root, DEFAULT_MODES, laggingView({ staleMs: 3_600_000 }));
    expect(Object.keys((await readTaxonomy(quick)).tasks)).toEqual(["ocr"]);
    await addProvider(quick, "b", { description: "" });
    expect(judgeText(await readFile(lake.layout.taxonomy, "utf8"))).toBe("marked");
    await writeFile(lake.layout.taxonomy, "providers: [a\n");
    expect(await codeOf(readTaxonomy(lake))).toBe("invalid_schema");
    await rm(lake.layout.taxonomy);
    expect(await codeOf(openLake(lake.root, DEFAULT_MODES, lake.view))).toBe("no_lake");
    expect(await codeOf(openLake(join(folder, "none"), DEFAULT_MODES, quick.view))).toBe("no_lake");
  });

  test("loses no change to editors who see whole, but old states after they took the lock", async () => {
    const lake = await lakeOn(laggingView());
    const states: string[] = [];
    /** Shows what was there `behind` changes ago, for the first looks of an edit. */
    const staleLook = (behind: number) => {
      let looks = 0;
      return async (of: Lake) => {
        const now = await readFile(of.layout.taxonomy, "utf8");
        if (now !== states.at(-1)) states.push(now);
        const old = states.at(-1 - behind);
        if (old === undefined || ++looks > 3) return lookAtNewest(of);
        const place = join(folder, `old-${crypto.randomUUID()}`);
        await initLake(place);
        const shown = describeLake(place, DEFAULT_MODES, createView());
        await writeFile(shown.layout.taxonomy, old);
        return lookAtNewest(shown);
      };
    };
    const add = (name: string, behind: number) =>
      editTaxonomy(
        lake,
        (taxonomy) => ({ ...taxonomy, providers: { ...taxonomy.providers, [name]: { description: "" } } }),
        staleLook(behind),
      );
    await add("first", 0);
    await Promise.all(["a", "b", "c", "d"].map((name, at) => add(name, 1 + (at % 2))));
    const { providers } = await readTaxonomy(lake);
    expect(Object.keys(providers).sort()).toEqual(["a", "b", "c", "d", "first"]);
  });

  test("is edited after an editor who died behind his mark: at once on a local disk, else after the wait", async () => {
    for (const view of [laggingView({ staleMs: 60 }), createView({ mayLag: async () => false })]) {
      const lake = await lakeOn(view);
      const text = await readFile(lake.layout.taxonomy);
      const digest = new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16);
      await writeFile(lake.layout.taxonomySuccessor(digest), "of the dead\n");
      await addProvider(lake, "next", { description: "" });
      expect(Object.keys((await readTaxonomy(lake)).providers)).toEqual(["next"]);
    }
  });

  test("is not made anew by an init that does not see it", async () => {
    const lake = await lakeOn(createView());
    await addProvider(lake, "kept", { description: "" });
    await initLake(lake.root);
    expect(Object.keys((await readTaxonomy(lake)).providers)).toEqual(["kept"]);
    const left = (await readdir(lake.layout.config)).filter((name) => name.includes(".tmp-"));
    expect(left).toEqual([]);
  });
});

test("tokens that several make at once on a lagging mount are all kept, and a file seen cut off is no store", async () => {
  const path = join(folder, "tokens", "lake.json");
  const store = { path, anchor: folder, view: laggingView({ staleMs: 60 }) };
  const make = (name: string) => createToken(store, { name, role: "reader", nowMs: 0, expiresMs: undefined });
  await Promise.all(["a", "b", "c"].map(make));
  expect((await readTokens(store))?.tokens.map(({ name }) => name).sort()).toEqual(["a", "b", "c"]);
  await truncate(path, 100);
  expect(await codeOf(make("d"))).toBe("not_whole");
  expect(await codeOf(readTokens(store))).toBe("not_whole");
});

test("this machine's disks do not lag, nor does what is not there on them", async () => {
  expect(await mayLag(folder)).toBe(false);
  expect(await mayLag(join(folder, "no", "such"))).toBe(false);
});
