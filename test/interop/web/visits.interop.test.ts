import { expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import sharp from "sharp";
import type { BrowseDocument } from "../../../src/schema/page-documents.ts";
import { encryptedPdf } from "../../documents/encrypt-pdf.ts";
import { zipOf } from "../../ingest/zip-kit.ts";
import { until } from "../../server/server-kit.ts";
import { axeFindings, copied, shown } from "./web-browser.ts";
import { useWebLake } from "./web-kit.ts";
import { LONG_ROWS, nameOf, wordsOf } from "./web-lake.ts";

setDefaultTimeout(120_000);

const { server, browser } = useWebLake();

const LABELS = `datasets=${encodeURIComponent("영수증")}&tasks=words&variants=v1`;

test("a receipt is found by a word, the word is seen on the page, and the view can be sent", async () => {
  let address = "";
  await browser.visit("/", async (page) => {
    await page.getByRole("searchbox", { name: "이름으로 거르기" }).fill("유일한낱");
    await page.getByRole("link", { name: "라벨과 파일 이름에서 “유일한낱” 찾기" }).click();
    await page.getByRole("searchbox", { name: "텍스트 찾기" }).fill("유일한낱말");
    await page.getByRole("button", { name: "검색" }).click();
    await page.getByRole("heading", { name: "2행" }).waitFor();
    await page.locator(".hit-boxes rect").nth(1).waitFor();
    expect(await page.locator(".hit-boxes rect").count()).toBe(2);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("link", { name: new RegExp(`${nameOf(7)}.*words/v1`) }).click();
    await page.locator("[data-key]").waitFor();
    await page.getByText("영역 1개에 있음").waitFor();
    await page.getByRole("button", { name: "다음", exact: true }).click();
    const chosen = page.locator(".list").getByRole("option", { selected: true });
    expect(await chosen.textContent()).toContain("유일한낱말");
    await page.getByRole("tab", { name: "라벨 JSON" }).click();
    const place = page.locator(".json-lines");
    await place.locator("mark", { hasText: "유일한낱말" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByText("$.words[3]", { exact: true }).waitFor();
    // The other way: a click on another object chooses its region.
    await place.getByText('"category": "head"').first().click();
    await page.waitForURL(/region=0/);
    await place.locator("mark", { hasText: "유일한낱말" }).waitFor({ state: "detached" });
    await place.getByText("유일한낱말").click();
    await page.waitForURL(/region=3/);
    await page.getByRole("button", { name: /링크 복사/ }).click();
    address = await copied(page, (text) => text.startsWith(server.url));
  });
  await browser.visit(address.slice(server.url.length), async (page) => {
    const chosen = page.locator(".list").getByRole("option", { selected: true });
    expect(await chosen.textContent()).toContain("유일한낱말");
  });
});

test("of several words each is found and marked, or the text as a whole", async () => {
  await browser.visit(`/ui/browse?${LABELS}`, async (page) => {
    await page.getByRole("searchbox", { name: "텍스트 찾기" }).fill("유일한 합계");
    await page.getByRole("button", { name: "검색" }).click();
    await page.getByRole("heading", { name: "1행", exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get("each_word")).toBe("true");
    const words = wordsOf(7).filter(({ text }) => /유일한|합계/.test(text));
    await page
      .locator(".hit-boxes rect")
      .nth(words.length - 1)
      .waitFor();
    expect(await page.locator(".hit-boxes rect").count()).toBe(words.length);
    await page.locator(".grid-cell a").first().click();
    await page.getByText(`영역 ${words.length}개에 있음`).waitFor();
    const list = page.locator(".list");
    await list.locator("mark", { hasText: /^유일한$/ }).waitFor();
    expect(await list.locator("mark", { hasText: /^합계$/ }).count()).toBe(words.length - 1);
    expect(await axeFindings(page)).toEqual([]);
    await page.goBack();
    await page.getByText("검색할 위치").click();
    await page.getByLabel("띄어 쓴 단어를 각각 찾기").uncheck();
    await page.getByRole("button", { name: "검색" }).click();
    await page.getByText("해당하는 행이 없습니다").waitFor();
    expect(new URL(page.url()).searchParams.has("each_word")).toBe(false);
  });
});

test("a click on the page chooses the region in the list, and the list the region", async () => {
  await browser.visit(`/ui/browse?${LABELS}`, async (page) => {
    await page.getByRole("link", { name: new RegExp(nameOf(1)) }).click();
    await page.locator("[data-key][data-shown]").waitFor();
    const canvas = page.locator("canvas");
    const { width, height } = (await canvas.boundingBox()) as { width: number; height: number };
    // The page is fitted: its scale and place follow from its size.
    const scale = Math.min((width - 24) / 620, (height - 24) / 877);
    const at = (x: number, y: number) => ({
      x: (width - 620 * scale) / 2 + x * scale,
      y: (height - 877 * scale) / 2 + y * scale,
    });
    await canvas.click({ position: at(60 + 74 + 10, 80 + 120 + 10) });
    await page.waitForURL(/region=2/);
    await page.locator(".list").getByRole("option").nth(4).click();
    await page.waitForURL(/region=4/);
    await canvas.click({ position: at(600, 860) });
    await page.waitForURL((url) => !url.searchParams.has("region"));
  });
});

test("by keys alone: from the grid to a page, to the next, through its regions, and back", async () => {
  await browser.visit(`/ui/browse?${LABELS}`, async (page) => {
    await page.locator(".grid-cell a").first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.getByText("1개 선택").waitFor();
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.locator("[data-key]").waitFor();
    const seen = (number: number) => page.getByRole("heading", { name: nameOf(number) }).waitFor();
    // The grid has six columns: one to the right and one down.
    await seen(8);
    await page.getByRole("link", { name: /다음/ }).waitFor();
    await page.keyboard.press("j");
    await seen(9);
    await page.getByRole("link", { name: /이전/ }).waitFor();
    // K while the keyboard writes Hangul.
    await page.evaluate(`dispatchEvent(new KeyboardEvent("keydown", { key: "ㅏ" }))`);
    await seen(8);
    // Faster than pages are loaded.
    for (let step = 0; step < 9; step++) await page.keyboard.press("j");
    await seen(17);
    for (let step = 0; step < 9; step++) await page.keyboard.press("k");
    await seen(8);
    await page.getByRole("listbox").focus();
    await page.keyboard.press("End");
    await page.waitForURL(/region=11/);
    await page.getByRole("button", { name: /복사: 영역의 텍스트/ }).click();
    await copied(page, (text) => text === wordsOf(8)[11]?.text);
    await page.keyboard.press("t");
    await page.waitForURL(/show=image%2Cboxes%2Ctexts/);
    await page.keyboard.press("m");
    await page.getByRole("button", { name: "돋보기", pressed: true }).waitFor();
    // Upside the page is as high as the view; turned it is larger.
    const scale = async () => Number.parseInt((await page.locator(".zoom output").textContent()) ?? "", 10);
    await page.locator("canvas").focus();
    await page.keyboard.press("0");
    const upright = await scale();
    await page.keyboard.press("r");
    await until(async () => (await scale()) > upright);
    await page.goBack();
    await page.locator(".grid").waitFor();
  });
});

test("any place of many rows is a jump away, and the grid stays small", async () => {
  await browser.visit("/ui/browse?datasets=long", async (page) => {
    await page.getByRole("heading", { name: `${LONG_ROWS.toLocaleString("ko")}행` }).waitFor();
    for (const place of [150_000, LONG_ROWS, 1]) {
      await page.getByLabel("행 번호").fill(String(place));
      await page.getByRole("button", { name: "이동" }).click();
      await page.getByText(`row-${place - 1}`, { exact: true }).waitFor();
      expect(await page.locator(".grid-cell").count()).toBeLessThan(60);
    }
    await page.evaluate(
      `document.querySelector(".grid").scrollTop = document.querySelector(".grid").scrollHeight / 2`,
    );
    await page
      .getByText(/^row-(9|10)\d{4}$/)
      .first()
      .waitFor();
  });
});

test("two variants are compared: totals, each difference, over each other", async () => {
  const path = `/ui/compare/hub/${encodeURIComponent("영수증")}/words?a=v1&b=v2`;
  await browser.visit(path, async (page) => {
    await page.getByText("30쪽 중 30쪽이 다름").waitFor();
    await page.getByText("빠짐 30").waitFor();
    await page.getByRole("heading", { name: "차이 4개" }).waitFor();
    const chosen = page.locator(".list").getByRole("option", { selected: true });
    const kinds: string[] = [];
    for (let step = 0; step < 4; step++) {
      await page.keyboard.press("n");
      kinds.push((await chosen.locator(".kind").textContent()) as string);
    }
    expect(kinds.sort()).toEqual(["빠짐", "새로움", "범주", "텍스트"].sort());
    await page.keyboard.press("j");
    await page.getByText(nameOf(2)).waitFor();
    await page.getByRole("button", { name: "겹쳐서" }).click();
    await page.waitForURL(/view=over/);
    expect(await page.locator("canvas").count()).toBe(1);
  });
});

test("pictures of rows that are no longer shown are no longer loaded, so that rows need not wait for them", async () => {
  await browser.visit("/ui/datasets", async (page) => {
    await page.route("**/thumbs/*", () => {}); // they take as long as they may
    await page.goto(`/ui/browse?${LABELS}`);
    await page.locator("img").first().waitFor({ state: "attached" });
    const stopped = page.waitForEvent("requestfailed", (request) => request.url().includes("/thumbs/"));
    await page.getByRole("searchbox", { name: "텍스트 찾기" }).fill("어디에도 없는");
    await page.getByRole("button", { name: "검색" }).click();
    await page.getByText("해당하는 행이 없습니다").waitFor();
    await stopped;
  });
});

test("labels are counted, then each bar narrows the statistics and leads to the rows that it counts", async () => {
  await browser.visit("/ui/statistics?tasks=words&variants=v2", async (page) => {
    const chart = page.locator(".chart", { hasText: "범주별 행 수" });
    await chart.getByTitle("total만 보기: 30행").click();
    await page.waitForURL(/where=label.category%3Dtotal/);
    await page.getByRole("button", { name: "필터 해제: 범주: total" }).waitFor();
    await page.locator(".chart", { hasText: "영역 수별 행 수" }).getByTitle("10–19만 보기: 30행").click();
    await chart.getByRole("link", { name: "total인 행 찾아보기: 30" }).click();
    await page.waitForURL(/\/ui\/browse\?.*where=label.regions/);
    await page.getByRole("heading", { name: "30행" }).waitFor();
  });
});

test("labels that no view tells are said not to be counted", async () => {
  await browser.visit("/ui/statistics?tasks=unknown", async (page) => {
    await page.getByText("2행의 라벨은 세지 않았습니다. 뷰가 없습니다.").waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});

test("an operation is stopped when its screen was left before the server answered", async () => {
  await browser.visit("/ui/datasets", async (page) => {
    const started = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    await page.route("**/operations/statistics", async (route) => {
      const response = await route.fetch();
      started.resolve();
      await left.promise;
      await route.fulfill({ response }).catch(() => {}); // nobody may want it any more
    });
    const stopped = page.waitForRequest(
      (request) => request.method() === "DELETE" && request.url().includes("/operations/statistics/"),
    );
    await page.goto("/ui/statistics?tasks=words");
    await started.promise;
    await page.getByRole("navigation").getByRole("link", { name: "데이터셋" }).click();
    await page.getByRole("heading", { name: "데이터셋" }).waitFor();
    left.resolve();
    expect((await (await stopped).response())?.status()).toBe(200);
  });
});

test("facets filter together by what labels hold, rows are sorted by it, and the address says so", async () => {
  await browser.visit("/ui/browse?tasks=words", async (page) => {
    const count = page.getByRole("button", { name: "라벨 세기" });
    await page.locator(".facet", { hasText: "배리언트" }).first().waitFor();
    if (await count.isVisible()) await count.click();
    await page.getByLabel("정렬").selectOption("-label.regions");
    const first = page.locator(".grid-cell").first();
    await first.getByText("words/odd").waitFor();
    await page
      .getByRole("group", { name: "글자 수" })
      .getByLabel(/텍스트 없음/)
      .check();
    await page.getByRole("heading", { name: "1행" }).waitFor();
    await page.getByRole("button", { name: "필터 모두 해제" }).click();
    await page.getByRole("heading", { name: "63행" }).waitFor();
    await page
      .getByRole("group", { name: "범주" })
      .getByLabel(/^total/)
      .focus();
    await page.keyboard.press("Space");
    await page.getByRole("heading", { name: "30행" }).waitFor();
    // Counts follow the rows.
    await page.getByRole("group", { name: "배리언트" }).getByLabel(/^v1/).waitFor({ state: "detached" });
    await page.getByRole("group", { name: "배리언트" }).getByLabel(/^odd/).waitFor({ state: "detached" });
    expect(await page.getByRole("group", { name: "배리언트" }).getByRole("checkbox").count()).toBe(1);
    expect(new URL(page.url()).searchParams.getAll("where")).toEqual(["label.category=total"]);
    await page.getByRole("button", { name: "이 행들 내려받기" }).click();
    const command = await page.getByRole("dialog").getByRole("region", { name: "명령" }).textContent();
    expect(command).toContain("--where label.category=total");
  });
});

test("what is seen is taken as a training set: a command, Python, and files that can be fetched", async () => {
  await browser.visit(`/ui/browse?${LABELS}`, async (page) => {
    await page.getByRole("button", { name: "이 행들 내려받기" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("형식").selectOption("coco");
    const command = dialog.getByRole("region", { name: "명령" });
    await command.filter({ hasText: "--split train=0.9,val=0.1" }).waitFor();
    expect(await command.textContent()).toContain("--dataset 영수증");
    await dialog.getByLabel("나눌 비율").fill("train=0.5");
    await dialog.getByText("합이 1이 되도록").waitFor();
    await dialog.getByLabel("나눌 비율").fill("train=0.5,val=0.5");
    await dialog.getByRole("button", { name: "여기서 준비하여 내려받기" }).click();
    const file = dialog.getByRole("link", { name: "annotations/train.json" });
    await file.waitFor();
    const answer = await page.request.get((await file.getAttribute("href")) as string);
    expect(((await answer.json()) as { images: unknown[] }).images.length).toBeGreaterThan(5);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });
});

test("single rows are ticked by clicks and keys, kept over pages and searches, and taken as a training set", async () => {
  await browser.visit(`/ui/browse?${LABELS}`, async (page) => {
    const cell = (at: number) => page.locator(".grid-cell").nth(at);
    await cell(0).getByRole("checkbox").click();
    await cell(3)
      .getByRole("link")
      .click({ modifiers: ["Shift"] });
    await page.getByText("4개 선택").waitFor();
    await cell(6).getByRole("checkbox").click();
    await page.keyboard.press("Shift+ArrowRight");
    await page.getByText("6개 선택").waitFor();
    await cell(9).getByRole("link").click();
    await page.locator("[data-key]").waitFor();
    await page.keyboard.press("x");
    await page.getByRole("button", { name: "선택", exact: true, pressed: true }).waitFor();
    await page.goto("/ui/browse?datasets=long");
    await page.getByText("7개 선택").waitFor();
    await page.getByRole("button", { name: "선택한 행 내려받기" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("형식").selectOption("ms-swift");
    await dialog.getByLabel("프롬프트").selectOption("text-ko");
    expect(await axeFindings(page)).toEqual([]);
    const command = (await dialog.getByRole("region", { name: "명령" }).textContent()) ?? "";
    expect(command).toContain("--rows /dev/stdin");
    expect(command.match(/^hub\/영수증\/words\/v1\/u\w{32}\/\d+$/gm)?.length).toBe(7);
    await dialog.getByRole("button", { name: "여기서 준비하여 내려받기" }).click();
    const file = dialog.getByRole("link", { name: "train.jsonl" });
    await file.waitFor();
    const saving = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "모두 zip으로 내려받기" }).click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toBe("training-set.zip");
    const zip = await readFile(await saved.path());
    expect(zip.subarray(0, 4).toString("latin1")).toBe("PK\x03\x04");
    expect(zip.includes("training-set/train.jsonl")).toBe(true);
    const answer = await page.request.get((await file.getAttribute("href")) as string);
    const lines = (await answer.text()).trim().split("\n");
    expect(lines.length).toBeLessThanOrEqual(7);
    expect(lines[0]).toContain("순서대로 모두 옮겨 적으세요");
  });
});

test("hits of all rows in view are asked for, on a large screen too", async () => {
  const asked = new Set<number>();
  const search = async (page: Page) => {
    const placeOf = (url: string) => {
      const query = new URL(url).searchParams;
      return [Number(query.get("at")), Number(query.get("count"))] as const;
    };
    const answer = (await (await fetch(`${server.url}/rows?tasks=words&count=1`)).json()) as BrowseDocument;
    await page.route("**/rows?*", async (route) => {
      const [at, count] = placeOf(route.request().url());
      const rows = Array.from({ length: count }, (_, index) => ({
        ...answer.rows[0],
        key: `k${at + index}`,
      }));
      // The page may have been left: rows beyond the view are asked for as well.
      await route.fulfill({ json: { ...answer, at, total: 1000, rows } }).catch(() => {});
    });
    await page.route("**/hits?*", async (route) => {
      const [at, count] = placeOf(route.request().url());
      for (let place = at; place < at + count; place++) asked.add(place);
      await route.fulfill({ json: { generation: 1, rows: [] } }).catch(() => {});
    });
    await page.goto("/ui/browse?tasks=words&text=%EC%98%81");
    await page.locator("[data-index='120']").waitFor();
    await until(async () => asked.has(120));
  };
  await browser.visit("/ui/datasets", search, { width: 3800, height: 2100 });
});

test("rows that come later are shown where there were none", async () => {
  const none = "/ui/browse?tasks=words&variants=later";
  const arrive = async (page: Page) => {
    await page.getByRole("heading", { name: "해당하는 행이 없습니다" }).waitFor();
    const to = { type: "task", provider: "hub", dataset: "영수증", task: "words", variant: "later" };
    const query = new URLSearchParams({ ...to, name: "later.jsonl" });
    const row = JSON.stringify({ source_name: nameOf(1), label: { words: [] } });
    const sent = await fetch(`${server.url}/uploads/u${"a".repeat(32)}/input?${query}`, {
      method: "PUT",
      body: row,
    });
    expect(sent.status).toBe(200);
    expect((await fetch(`${server.url}/process`, { method: "POST" })).ok).toBe(true);
    await page.getByRole("heading", { name: "1행" }).waitFor();
  };
  await browser.visit(none, arrive, { allowed: /404/ });
});

test("a file that is dropped is asked about, sent, processed, and then seen", async () => {
  const drop = async (page: Page) => {
    await page.evaluate(`(() => {
      const transfer = new DataTransfer();
      const line = (page) => JSON.stringify({ source_name: "영수증-00" + page + ".jpg", label: { words: [] } });
      const file = new File([[1, 2, 3].map(line).join("\\n")], "새 라벨.jsonl");
      transfer.items.add(file);
      const zone = document.querySelector(".drop");
      zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    })()`);
    await page.getByRole("combobox", { name: "데이터셋" }).fill("영수증");
    await page.getByRole("combobox", { name: "태스크" }).selectOption("ocr");
    await page.getByRole("combobox", { name: "배리언트" }).fill("새것");
    expect(await page.getByRole("button", { name: "올리기" }).isDisabled()).toBe(true);
    await page.getByText("아직 비어 있음: 언어 (lang)").waitFor();
    await page.getByRole("combobox", { name: "lang" }).selectOption("ko");
    await page.getByLabel("허용할 거부된 행").fill("많이");
    await page.getByText("비율(5%)이나 행 수(3)로 쓰세요").waitFor();
    expect(await page.getByRole("button", { name: "올리기" }).isDisabled()).toBe(true);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByLabel("허용할 거부된 행").fill("5%");
    await page.getByRole("button", { name: "올리기" }).click();
    await page.getByText("hub/영수증/ocr/새것에 3행이 도착했습니다.").waitFor();
    await page.getByRole("button", { name: "지금 처리" }).first().click();
    const row = page.locator('tr[data-status="completed"]', { hasText: "hub/영수증/ocr/새것" });
    await row.waitFor();
    // What arrived is not offered to be processed again.
    await page.getByRole("status").getByText("hub/영수증/ocr/새것의 3행이 레이크에 들어갔습니다.").waitFor();
    await page.getByRole("status").getByRole("link", { name: "찾아보기" }).waitFor();
    expect(await page.getByRole("button", { name: "지금 처리" }).count()).toBe(0);
    await row.getByRole("link").click();
    await page.getByRole("heading", { name: "3행" }).waitFor();
    await shown(page);
  };
  // An upload is done a moment before the catalog has it.
  await browser.visit("/ui/work", drop, { allowed: /404/ });
});

test("of PDFs a password is asked for, which stands in no address", async () => {
  const square = { content: "0 0 0 rg 20 20 60 60 re f", box: [0, 0, 200, 100] as const };
  const pdf = encryptedPdf([square, square], { user: "비밀, 번호", owner: "주인" });
  await browser.visit(
    "/ui/work",
    async (page) => {
      const addresses: string[] = [];
      page.on("request", (request) => addresses.push(decodeURIComponent(request.url())));
      await page.evaluate(`(() => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.fromBase64(${JSON.stringify(pdf.toString("base64"))});
      transfer.items.add(new File([bytes], "암호.pdf"));
      const zone = document.querySelector(".drop");
      zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    })()`);
      const password = page.getByLabel("PDF 비밀번호", { exact: true });
      await page.getByText("PDF에 비밀번호가 있음").waitFor();
      expect(await password.isVisible()).toBe(false);
      await page.getByLabel("PDF 쪽의 낱말과 상자 (text_layer)").check();
      await page.getByRole("button", { name: "올리기" }).click();
      // Refused: now it is asked for.
      await password.fill("비밀, 번호");
      expect(await axeFindings(page)).toEqual([]);
      await page.getByRole("button", { name: "올리기" }).click();
      await page.getByText("hub/암호/raw/image에 2행이 도착했습니다.").waitFor();
      await page.getByRole("status").getByRole("button", { name: "지금 처리" }).click();
      const row = page.locator('tr[data-status="completed"]', { hasText: "hub/암호/raw/image" });
      await row.waitFor();
      expect(await row.locator("td.number").allTextContents()).toEqual(["2", "0"]);
      expect(addresses.filter((address) => address.includes("비밀"))).toEqual([]);
      expect(addresses.filter((address) => address.includes("text_layer=true"))).not.toEqual([]);
    },
    { allowed: /422/ },
  );
});

test("two zips that are dropped together are one upload, pages with their labels", async () => {
  const image = await sharp({ create: { width: 40, height: 60, channels: 3, background: "#abc" } })
    .jpeg()
    .toBuffer();
  const zips = {
    "라벨링데이터.zip": zipOf([{ name: "Training/1.json", data: '{"words": []}' }]),
    "원천데이터.zip": zipOf([{ name: "Training/1.jpg", data: image, deflate: true }]),
  };
  await browser.visit("/ui/work", async (page) => {
    const files = Object.entries(zips).map(([name, buffer]) => ({
      name,
      mimeType: "application/zip",
      buffer,
    }));
    await page.locator(".drop input[type=file]:not([webkitdirectory])").setInputFiles(files);
    expect(await page.getByRole("combobox", { name: "데이터셋" }).inputValue()).toBe("원천데이터");
    await page.getByLabel("Training, Validation, Test 폴더를 split으로").check();
    await page.getByRole("button", { name: "올리기" }).click();
    await page.getByText("hub/원천데이터/raw/image에 1행이 도착했습니다.").waitFor();
    await page.getByRole("status").getByRole("button", { name: "지금 처리" }).click();
    await page.locator('tr[data-status="completed"]', { hasText: "hub/원천데이터/raw/image" }).waitFor();
  });
  // The catalog is published at the end of the job.
  const find = () => fetch(`${server.url}/search?datasets=${encodeURIComponent("원천데이터")}`);
  await until(async () => (await find()).ok);
  const { rows } = (await (await find()).json()) as { rows: Record<string, unknown>[] };
  expect(rows).toMatchObject([
    { source_name: "원천데이터/Training/1.jpg", label: '{"words": []}', split: "train" },
  ]);
});

test("an upload is paused, and goes on after a reload with the same file and no other", async () => {
  const PART = 8 << 20;
  const drop = (page: Page, name: string, letter: string) =>
    page.evaluate(`(() => {
      const transfer = new DataTransfer();
      const line = (row) => JSON.stringify({ text: row + ${JSON.stringify(letter)}.repeat(6 << 20) });
      transfer.items.add(new File([[1, 2, 3].map(line).join("\\n")], ${JSON.stringify(name)}));
      const zone = document.querySelector(".drop");
      zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    })()`);
  await browser.visit("/ui/work", async (page) => {
    const sent: number[] = [];
    const held = Promise.withResolvers<void>();
    await page.route("**/uploads/*/input?offset=*", async (route) => {
      const offset = Number(new URL(route.request().url()).searchParams.get("offset"));
      sent.push(offset);
      if (offset === PART && sent.length === 2) return held.resolve(); // on its way for ever
      await route.continue().catch(() => {}); // the page may have been left
    });
    await drop(page, "큰 글.jsonl", "a");
    await page.getByRole("combobox", { name: "무엇인가요?" }).selectOption("raw");
    await page.getByRole("button", { name: "올리기" }).click();
    await held.promise;
    await page.getByRole("button", { name: "일시 중지" }).click();
    await page.getByText("일시 중지: 19MB 중 8.4MB").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.reload();
    const row = page.locator("[data-unfinished]", { hasText: "큰 글.jsonl" });
    await row.getByText("19MB 중 8.4MB 도착").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await drop(page, "큰 글.jsonl", "b"); // of the same name and size
    await page.getByRole("alert").getByText("업로드를 시작할 때의 큰 글.jsonl 파일이 아닙니다").waitFor();
    await page.getByRole("alert").getByRole("button", { name: "닫기" }).click();
    await drop(page, "큰 글.jsonl", "a");
    await page.getByText("raw/text에 3행이 도착했습니다").waitFor();
    expect(sent).toEqual([0, PART, PART, 2 * PART]);
    await page.getByRole("button", { name: "닫기" }).click();
    await page.getByRole("button", { name: "닫기" }).waitFor({ state: "detached" });
    await row.waitFor({ state: "detached" });
  });
});

test("assets and the lake are checked from the page, and what was found stays", async () => {
  await browser.visit("/ui/operations", async (page) => {
    const card = (title: string) =>
      page.locator(".card", { has: page.getByRole("heading", { name: title }) });
    const verify = card("애셋 검사");
    await verify.getByText("아직 없음").waitFor();
    await verify.getByRole("button", { name: "지금 크기 검사" }).click();
    await verify.getByText("검사한 애셋은 모두 온전합니다.").waitFor();
    const doctor = card("진단 (doctor)");
    await doctor.getByRole("button", { name: "지금 표본으로 진단" }).click();
    await doctor.getByText("모든 점검 항목").click();
    await doctor.getByText("layout").first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.reload();
    await verify.getByText("검사한 애셋은 모두 온전합니다.").waitFor();
    await doctor.getByText("모든 점검 항목").waitFor();
  });
});

test("what needs somebody leads to where it is seen", async () => {
  await browser.visit("/ui/datasets", async (page) => {
    await page.route("**/status", async (route) => {
      const response = await route.fetch();
      const status = await response.json();
      await route.fulfill({ response, json: { ...status, uploads: { ...status.uploads, failed: 2 } } });
    });
    await page.goto("/ui/operations");
    const finding = page.getByRole("listitem").filter({ hasText: "업로드 2개가 실패했습니다." });
    await finding.getByRole("link", { name: "작업" }).click();
    await page.getByRole("heading", { name: "작업", exact: true }).waitFor();
  });
});

test("a check is followed over a server that is away for a moment, which is said", async () => {
  const follow = async (page: Page) => {
    const verify = page.locator(".card", { has: page.getByRole("heading", { name: "애셋 검사" }) });
    const id = `v${"0".repeat(32)}`;
    const state = { validation_id: id, status: "running", progress: null };
    const answers = [{ last: null, running: state }, undefined, { last: null, running: null }];
    // Each answer waits until what follows from the one before has been seen.
    const seen = [undefined, Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let asked = 0;
    await page.route("**/validations/last", async (route) => {
      const at = Math.min(asked++, answers.length - 1);
      await seen[at]?.promise;
      const answer = answers[at];
      await (answer === undefined ? route.abort() : route.fulfill({ json: answer }));
    });
    await page.route(`**/validations/${id}`, (route) =>
      route.fulfill({ json: { ...state, status: "failed", error: { message: "the disk is gone" } } }),
    );
    await page.reload();
    await verify.getByRole("button", { name: "취소" }).waitFor();
    seen[1]?.resolve();
    await verify.getByRole("alert").getByText("서버가 응답하지 않습니다").waitFor();
    seen[2]?.resolve();
    await verify.getByRole("alert").getByText("the disk is gone").waitFor();
  };
  await browser.visit("/ui/operations", follow, { allowed: /ERR_FAILED/ });
});
