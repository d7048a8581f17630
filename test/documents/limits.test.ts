import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { codeOf } from "../code-of.ts";
import { until } from "../server/server-kit.ts";
import { MAIN, startReader } from "./reader.ts";
import { pdfOf } from "./write-pdf.ts";

const GOOD = pdfOf([{ content: "0 0 9 9 re f" }]);
/** A pattern of a million tiles, over and over. */
const SLOW = pdfOf(
  [{ content: "/Pattern cs /P scn 0 0 595 842 re f ".repeat(20_000), resources: "/Pattern<</P @0>>" }],
  [
    {
      dictionary:
        "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 0.02 0.02]/XStep 0.02/YStep 0.02/Resources<<>>",
      data: Buffer.from("0 0 0.01 0.01 re f"),
    },
  ],
);

describe("what a page may cost", () => {
  const most = { heapBytes: 150_000_000, pages: 100, fileBytes: 1e6 };
  const { page, file, reader } = startReader(most);
  const hasty = startReader({ ...most, pauseMs: 300 });

  test("pixels: their number is known before anything is drawn", async () => {
    expect(await page(pdfOf([{ content: "", box: [0, 0, 14400, 14400] }]), { dpi: 200 })).toEqual({
      ok: false,
      reason:
        "page 1 is 200 × 200 inches: 1600 megapixels at 200 dpi, above the limit of 100 (images.max_pixels)",
    });
    const far = await page(pdfOf([{ content: "", box: [0, 0, 1e7, 1e7] }]));
    expect(far).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^page 1 is 138888.9 × 138888.9 inches/),
    });
  });

  test("time: drawing is stopped", async () => {
    expect(await hasty.page(SLOW)).toEqual({ ok: false, reason: "page 1 takes more than 0.3 s to draw" });
  });

  test("memory: the page is refused and the process starts anew", async () => {
    const zeros = deflateSync(deflateSync(Buffer.alloc(200_000_000), { level: 9 }), { level: 9 });
    const content = { dictionary: "/Filter[/FlateDecode/FlateDecode]", data: zeros };
    const bomb = pdfOf([{ content: "", entries: "/Contents @0" }], [content]).toString("latin1");
    const bytes = Buffer.from(bomb.replace("/Contents 4 0 R", ""), "latin1");
    const [refused, good] = await Promise.all([page(bytes), page(GOOD)]);
    expect(refused).toEqual({ ok: false, reason: "page 1 needs more than 150 MB of memory to draw" });
    expect(good).toMatchObject({ ok: true });
  });

  test("forms within themselves", async () => {
    const form = "/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</A @0/B @1>>>>";
    const data = Buffer.from("/A Do /B Do ".repeat(10));
    const resources = "/XObject<</A @0/B @1>>";
    const result = await page(
      pdfOf(
        [{ content: "/A Do", resources }],
        [0, 1].map(() => ({ dictionary: form, data })),
      ),
    );
    expect(result.ok || /^page 1 /.test(result.reason)).toBe(true);
    expect(await page(GOOD)).toMatchObject({ ok: true });
  });

  test("pages and bytes of a file", async () => {
    const many = pdfOf(Array.from({ length: 101 }, () => ({ content: "" })));
    expect(reader.describe(file(many), { passwords: [] })).rejects.toThrow(
      "PDF with 101 pages; the limit is 100",
    );
    const large = pdfOf([{ content: Buffer.alloc(1_100_000, 32) }]);
    expect(reader.describe(file(large), { passwords: [] })).rejects.toThrow(
      "PDF of 1.1 MB; the limit is 1 MB",
    );
    expect(await codeOf(page(large))).toBe("invalid_input");
  });
});

describe("a process that does not answer", () => {
  const { page, log } = startReader({ pauseMs: 3_600_000, killMs: 5000 });

  test("is killed, which costs the page in work and no other", async () => {
    const results = await Promise.all([page(GOOD), page(SLOW), page(GOOD), page(GOOD)]);
    const slow = {
      ok: false,
      reason: "page 1 takes more than 5 s to read",
    };
    expect(results).toMatchObject([{ ok: true }, slow, { ok: true }, { ok: true }]);
    expect(log.join("")).toContain("SIGKILL");
  });
});

describe("a process that needs too much memory", () => {
  const { page } = startReader({ pauseMs: 3_600_000, residentBytes: 1_000_000 });

  // Elsewhere nothing says how much memory a process has.
  test.if(process.platform === "linux")("is killed", async () => {
    expect(await page(SLOW)).toEqual({ ok: false, reason: "page 1 needs more than 1 MB of memory" });
  });
});

describe("a process that ends", () => {
  const odd = (how: string) => [process.execPath, join(import.meta.dir, "odd-child.ts"), how];

  test("for what it had left to do of one page costs that page, not the one that it had begun with", async () => {
    const { page, file } = startReader({}, odd("beside"));
    const path = file(GOOD);
    const pages = [1, 2, 3].map((number) => page(path, { page: number }));
    expect(await Promise.all(pages)).toMatchObject([
      { ok: false, reason: "page 1 cannot be read: the decoder crashed on it" },
      { ok: true },
      { ok: true },
    ]);
  });

  test("before it begins with anything is started a few times, then all is refused", async () => {
    const { page, file } = startReader({}, odd("at-once"));
    const path = file(GOOD);
    const codes = await Promise.all([1, 2, 3, 4, 5].map((number) => codeOf(page(path, { page: number }))));
    expect(codes).toEqual(Array(5).fill("worker_crashed"));
  });

  test("and whose program is gone is an error of all that wait", async () => {
    const program = join(mkdtempSync(join(tmpdir(), "documents-")), "program");
    symlinkSync(process.execPath, program);
    const { page, file } = startReader({}, [program, ...odd("at-once").slice(1), program]);
    const path = file(GOOD);
    const failed = await Promise.allSettled([page(path), page(path)]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    rmSync(dirname(program), { recursive: true });
  });
});

test("a page that runs when the reader is closed is cancelled", async () => {
  const { page, reader } = startReader({ pauseMs: 3_600_000 });
  expect(await page(GOOD)).toMatchObject({ ok: true });
  const running = codeOf(page(SLOW));
  const waiting = codeOf(page(GOOD));
  await reader.close();
  expect(await Promise.all([running, waiting, codeOf(page(GOOD))])).toEqual([
    "cancelled",
    "cancelled",
    "cancelled",
  ]);
});

/** Seconds that a process has worked (proc_pid_stat(5)); undefined for one that has ended. */
function workOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : Number(fields[11]) / 100;
  } catch {
    return undefined;
  }
}

// It looks into /proc for what is left.
test.if(process.platform === "linux")("a page that hangs ends with who asked for it", async () => {
  const { file, folder } = startReader();
  const command = [process.execPath, join(import.meta.dir, "parent.ts"), MAIN, file(SLOW)];
  const parent = Bun.spawn([...command, join(folder, "page.png")]);
  let child = "";
  await until(async () => {
    child = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8").trim();
    return child !== "" && (workOf(child) ?? 0) > 2; // more than it takes to start
  });
  parent.kill("SIGKILL");
  await until(async () => workOf(child) === undefined);
});
