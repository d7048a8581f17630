import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { initLake } from "../../../src/lake/lake.ts";
import { createToken, revokeToken } from "../../../src/lake/tokens.ts";
import type { PageDocument } from "../../../src/schema/page-documents.ts";
import { zipOf } from "../../ingest/zip-kit.ts";
import { type ServeProcess, startServe, until } from "../../server/server-kit.ts";
import { axeFindings, openBrowser, shown, type WebBrowser } from "./web-browser.ts";
import { useWebLake } from "./web-kit.ts";
import { HOSTILE, nameOf, wordsOf } from "./web-lake.ts";

setDefaultTimeout(120_000);

const { world, server, browser } = useWebLake();

/** The address of the page of a row. */
async function pageOf(query: string, at = 0): Promise<string> {
  const answer = await fetch(`${server.url}/rows?${query}&at=${at}&count=1`);
  const { rows } = (await answer.json()) as { rows: { key: string }[] };
  return `/ui/page/${rows[0]?.key}`;
}

describe("what is odd is shown as it is", () => {
  test("hostile texts are texts: in regions, categories, JSON, searches and addresses", async () => {
    await browser.visit(await pageOf("tasks=words&variants=odd"), async (page) => {
      for (const text of HOSTILE) {
        await page.locator(".list").getByRole("option").getByText(text, { exact: true }).first().waitFor();
      }
      await page.getByRole("tab", { name: "라벨 JSON" }).click();
      await page.locator("pre", { hasText: "window.pwned=2" }).waitFor();
      expect(await page.evaluate("window.pwned")).toBeUndefined();
    });
    await browser.visit("/ui/browse", async (page) => {
      for (const text of HOSTILE) {
        await page.goto(`/ui/browse?text=${encodeURIComponent(text)}`);
        await shown(page);
        expect(await page.getByRole("searchbox", { name: "텍스트 찾기" }).inputValue()).toBe(text);
        const query = new URLSearchParams({ filter: text, sort: text, datasets: text, at: text });
        await page.goto(`/ui/datasets?${query}`);
        await page.getByText(`이름에 “${text}”`).waitFor();
        expect(await page.evaluate("window.pwned")).toBeUndefined();
      }
    });
  });

  test("of a long path and a long place the end is seen in the grid, which tells rows apart", async () => {
    await browser.visit("/ui/", async (page) => {
      await page.route("**/rows?*", async (route) => {
        const response = await route.fetch();
        const answer = await response.json();
        for (const row of answer.rows) {
          row.source_name = `TS_원천데이터/2024년 상반기 수집분/${row.source_name}`;
          row.dataset = "2024년 상반기 수집 영수증";
        }
        await route.fulfill({ response, json: answer });
      });
      await page.goto("/ui/browse?tasks=words&variants=v1");
      for (const shown of [nameOf(1), "words/v1"]) {
        const text = page.locator(".cell bdi", { hasText: shown }).first();
        await text.waitFor();
        const [whole, inner] = [await text.locator("..").boundingBox(), await text.boundingBox()];
        if (whole === null || inner === null) throw new Error("it is not shown");
        expect(inner.width).toBeGreaterThan(whole.width);
        expect(Math.abs(inner.x + inner.width - (whole.x + whole.width))).toBeLessThan(8);
      }
    });
  });

  test("5,000 words are drawn at once, and few of them are elements", async () => {
    await browser.visit(await pageOf("tasks=words&variants=odd", 1), async (page) => {
      await page.getByRole("tab", { name: "영역 (5,000)" }).waitFor();
      expect(await page.locator(".list").getByRole("option").count()).toBeLessThan(60);
      await page.getByRole("listbox").focus();
      await page.keyboard.press("End");
      await page.getByRole("option", { name: /낱말 4999/ }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
    });
  });

  test("a label without regions, and one without a view, say so", async () => {
    await browser.visit(await pageOf("tasks=words&variants=odd", 2), async (page) => {
      await page.getByRole("tab", { name: "행", exact: true }).click();
      await page.getByText("words/v1").first().waitFor();
    });
    await browser.visit(await pageOf("tasks=unknown"), async (page) => {
      await page.getByText("이 라벨의 뜻을 알 수 없습니다").waitFor();
      await page.getByText('"odd"').waitFor();
    });
    await browser.visit(await pageOf("tasks=unknown", 1), async (page) => {
      await page.getByText("미리 보기: $.fields에 영역이 있다고 추측하여 읽음").waitFor();
      expect(await page.locator(".list").getByRole("option").count()).toBe(12);
    });
  });

  test("hits of a search are said to be guessed where the label has no view", async () => {
    const [word] = wordsOf(2);
    const text = encodeURIComponent(word?.text ?? "");
    await browser.visit(`/ui/browse?tasks=unknown&text=${text}`, async (page) => {
      await page.locator(".hit-boxes.guess rect").first().waitFor();
      await page.locator(".cell").getByText("추측", { exact: true }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
    });
    await browser.visit(`/ui/browse?tasks=words&text=${text}`, async (page) => {
      await page.locator(".hit-boxes rect").first().waitFor();
      expect(await page.locator(".hit-boxes.guess").count()).toBe(0);
    });
  });

  test("an image that browsers do not know is drawn by the server, and can be downloaded as it is", async () => {
    const path = await pageOf(
      `tasks=raw&datasets=${encodeURIComponent("영수증")}&text=${encodeURIComponent("스캔")}`,
    );
    await browser.visit(path, async (page) => {
      await page.getByText("서버가 만든 그림입니다").waitFor();
      const loading = page.waitForEvent("download");
      await page.getByRole("link", { name: "파일 내려받기" }).click();
      expect((await loading).suggestedFilename()).toBe("스캔.tiff");
    });
  });

  test("of a broken image the regions are still drawn and listed", async () => {
    const path = await pageOf("tasks=words&variants=v1", 29);
    const { images } = (await (
      await fetch(`${server.url}${path.replace("/ui/page", "/pages")}`)
    ).json()) as PageDocument;
    const asset = join(world().lake.root, "assets", images[0]?.asset ?? "");
    await chmod(asset, 0o644);
    await writeFile(asset, "no image");
    const look = async (page: Page) => {
      await page.getByText("브라우저가 이 이미지를 표시할 수 없습니다 (jpeg)").waitFor();
      await page.locator(".list").getByRole("option").first().click();
      await page.waitForURL(/region=0/);
    };
    await browser.visit(path, look, { allowed: /415|422|400/ });
  });

  test("a row that is gone says so, in the page", async () => {
    const gone = `/ui/page/hub/x/words/v1/u${"0".repeat(32)}/0`;
    await browser.visit(
      gone,
      async (page) => {
        await page.getByRole("alert").waitFor();
        await page.getByRole("button", { name: "다시 시도" }).waitFor();
        expect(await axeFindings(page)).toEqual([]);
      },
      { allowed: /404/ },
    );
  });

  test("a filter on a column that no row has says so, under a heading", async () => {
    const refused = async (page: Page) => {
      await page.getByRole("alert").getByText("the selection has no column").waitFor();
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
    };
    for (const screen of ["browse", "statistics"])
      await browser.visit(`/ui/${screen}?where=colour=red`, refused, { allowed: /404/ });
  });
});

test("of a label of 100 MB the beginning is shown, and the page is drawn", async () => {
  const to = { type: "task", provider: "hub", dataset: "영수증", task: "words", variant: "large" };
  const query = new URLSearchParams({ ...to, name: "large.jsonl" });
  const label = { words: [], note: "가나다".repeat(11_200_000) };
  const body = JSON.stringify({ source_name: nameOf(1), label });
  const url = `${server.url}/uploads/u${"d".repeat(32)}/input?${query}`;
  expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
  expect((await fetch(`${server.url}/process`, { method: "POST" })).ok).toBe(true);
  const rows = "tasks=words&variants=large";
  await until(async () => (await fetch(`${server.url}/rows?${rows}&count=1`)).ok, 200_000);
  await browser.visit(await pageOf(rows), async (page) => {
    await page.getByText("라벨이 너무 커서 여기서 읽지 않습니다").waitFor();
    await page.getByText("앞부분 200,000자입니다").waitFor();
    await page.locator("[data-key][data-shown]").waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
}, 300_000);

test("a rejected page is seen as far as it can be drawn, with the reason", async () => {
  const page = await sharp({ create: { width: 300, height: 400, channels: 3, background: "#9bd" } })
    .jpeg()
    .toBuffer();
  const files = [
    { name: "whole.jpg", data: page },
    { name: "half.jpg", data: page.subarray(0, page.length / 2) },
    { name: "memo.jpg", data: Buffer.from("no image") },
  ];
  const to = { type: "raw", provider: "hub", dataset: "half", max_rejects: "90%", name: "a.zip" };
  const id = `u${"e".repeat(32)}`;
  const url = `${server.url}/uploads/${id}/input?${new URLSearchParams(to)}`;
  expect((await fetch(url, { method: "PUT", body: new Uint8Array(zipOf(files)) })).status).toBe(200);
  expect((await fetch(`${server.url}/process`, { method: "POST" })).ok).toBe(true);
  const look = async (page: Page) => {
    await page.locator(`[data-upload="${id}"]`).getByRole("button", { name: "거부된 행" }).click();
    const rows = page.getByRole("dialog").getByRole("listitem");
    await rows.filter({ hasText: "memo.jpg" }).getByText("표시할 수 없음").waitFor();
    const half = rows.filter({ hasText: "half.jpg" });
    await half.getByText("damaged JPEG").waitFor();
    await half.getByRole("img").waitFor();
    expect(await axeFindings(page)).toEqual([]);
  };
  await browser.visit("/ui/work", look, { allowed: /415/ });
});

describe("with tokens", () => {
  let guarded: ServeProcess;
  let visitor: WebBrowser;
  const tokens: Record<string, string> = {};

  beforeAll(async () => {
    await server.stop();
    for (const role of ["reader", "curator"] as const) {
      const made = await createToken(world().tokens, {
        name: role,
        role,
        nowMs: Date.now(),
        expiresMs: undefined,
      });
      tokens[role] = made.token;
    }
    guarded = await startServe(world());
    visitor = await openBrowser(() => guarded.url);
  });
  afterAll(async () => {
    await visitor?.close();
    await guarded?.stop();
  });

  test("one is asked for, wrong ones are refused, and what a role may not is not offered", async () => {
    await visitor.visit(
      "/ui/work",
      async (page) => {
        const enter = async (token: string) => {
          await page.getByLabel("토큰").fill(token);
          await page.getByRole("button", { name: "로그인" }).click();
        };
        expect(await axeFindings(page)).toEqual([]);
        await enter("not a token");
        await page.getByText("서버가 모르는 토큰입니다").waitFor();
        await enter(tokens.reader as string);
        await page.getByRole("heading", { name: "작업", exact: true }).waitFor();
        expect(await page.getByText("새 업로드").count()).toBe(0);
        expect((await page.evaluate("document.cookie")) as string).toBe("");
        await page.goto(`/ui/browse?tasks=words&variants=v1`);
        await page.locator(".thumb img").first().waitFor();
        await page.getByRole("link", { name: new RegExp(nameOf(1)) }).waitFor();
        await page.getByRole("button", { name: "로그아웃" }).click();
        await enter(tokens.curator as string);
        // Who leaves before the answer is not logged in.
        await page.getByRole("button", { name: "로그아웃" }).waitFor();
        await page.goto("/ui/work");
        await page.getByText("새 업로드").waitFor();
        expect(await page.getByText("세션이 끝났습니다").count()).toBe(0);
        await revokeToken(world().tokens, "curator");
        await page.getByRole("navigation").getByRole("link", { name: "운영" }).click();
        await page.getByText("세션이 끝났습니다").waitFor();
        expect(await axeFindings(page)).toEqual([]);
        await enter(tokens.reader as string);
        await page.getByRole("heading", { name: "운영" }).waitFor();
      },
      { allowed: /401/ },
    );
  });
});

test("a lake without data says what to do", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-empty-"));
  const { lake } = await initLake(join(folder, "lake"));
  const env = {
    DATALAKE_LAKE: lake.root,
    DATALAKE_CACHE: join(folder, "cache"),
    DATALAKE_SERVE_TOKENS: join(folder, "tokens.json"),
  };
  const empty = await startServe({ ...world(), folder, lake, env });
  const visitor = await openBrowser(() => empty.url);
  try {
    for (const path of ["/", "/ui/browse", "/ui/statistics"]) {
      const find = async (page: Page) => page.getByText("아직 데이터가 없습니다").waitFor();
      await visitor.visit(path, find, path === "/" ? {} : { allowed: /404/ });
    }
  } finally {
    await visitor.close();
    await empty.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
