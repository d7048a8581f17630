/** What forms of the page hold: as it was typed, and what stands in them at first. */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import type { BrowseDocument } from "../../../src/schema/page-documents.ts";
import { until } from "../../server/server-kit.ts";
import { axeFindings } from "./web-browser.ts";
import { useWebLake } from "./web-kit.ts";
import { nameOf } from "./web-lake.ts";

setDefaultTimeout(120_000);

const { server, browser } = useWebLake();

test("a refused upload is asked about again with all that was typed", async () => {
  const label = JSON.stringify({ source_name: nameOf(1), label: { words: [] } });
  const again = async (page: Page) => {
    await page.locator(".drop input[type=file]:not([webkitdirectory])").setInputFiles({
      ...{ name: "다른 이름.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(label) },
    });
    const field = (name: string) => page.getByRole("combobox", { name });
    const typed = { 데이터셋: "영수증", 배리언트: "v1", 라이선스: "CC-BY-4.0" };
    await field("태스크").selectOption("words");
    for (const [name, text] of Object.entries(typed)) await field(name).fill(text);
    await page.getByLabel("허용할 거부된 행").fill("5%");
    const warning = page.getByText("hub/영수증/words/v1: 이미 있습니다.");
    await warning.waitFor();
    await page.getByRole("button", { name: "올리기" }).click();
    // What to do in the language of the page, and the server's own sentence as what it is.
    const alert = page.getByRole("alert");
    await alert.getByText("추가나 교체를 고르거나 다른 이름을 쓰세요.").waitFor();
    await alert.locator('[lang="en"]', { hasText: "hub/영수증/words/v1" }).waitFor();
    const kept: Record<string, string> = {};
    for (const name of Object.keys(typed)) kept[name] = await field(name).inputValue();
    expect(kept).toEqual(typed);
    expect(await field("태스크").inputValue()).toBe("words");
    expect(await page.getByLabel("허용할 거부된 행").inputValue()).toBe("5%");
    await field("이미 있으면").selectOption("append");
    await warning.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "올리기" }).click();
    await page.getByText("hub/영수증/words/v1에 1행이 도착했습니다.").waitFor();
  };
  await browser.visit("/ui/work", again, { allowed: /409/ });
});

test("an upload that was refused while one was at another screen is asked about with what was typed", async () => {
  const label = JSON.stringify({ source_name: nameOf(1), label: { words: [] } });
  const away = async (page: Page) => {
    const left = Promise.withResolvers<void>();
    await page.route("**/uploads/*/input?*", async (route) => {
      await left.promise;
      await route.continue();
    });
    await page.locator(".drop input[type=file]:not([webkitdirectory])").setInputFiles({
      ...{ name: "또 다른 이름.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(label) },
    });
    await page.getByRole("combobox", { name: "데이터셋" }).fill("영수증");
    await page.getByRole("combobox", { name: "태스크" }).selectOption("words");
    await page.getByRole("combobox", { name: "배리언트" }).fill("v2");
    await page.getByRole("combobox", { name: "라이선스" }).fill("CC-BY-4.0");
    await page.getByRole("button", { name: "올리기" }).click();
    await page.getByRole("navigation").getByRole("link", { name: "데이터셋" }).click();
    await page.getByRole("heading", { name: "데이터셋" }).waitFor();
    left.resolve();
    await page.getByRole("navigation").getByRole("link", { name: "작업" }).click();
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("combobox", { name: "데이터셋" }).inputValue()).toBe("영수증");
    expect(await page.getByRole("combobox", { name: "라이선스" }).inputValue()).toBe("CC-BY-4.0");
    await page.getByRole("combobox", { name: "이미 있으면" }).selectOption("append");
    await page.getByRole("button", { name: "올리기" }).click();
    await page.getByText("hub/영수증/words/v2에 1행이 도착했습니다.").waitFor();
    // Nothing is left to ask.
    await page.getByRole("button", { name: "닫기" }).click();
    await page.getByText("hub/영수증/words/v2에 1행이 도착했습니다.").waitFor({ state: "detached" });
    expect(await page.getByRole("button", { name: "올리기" }).count()).toBe(0);
  };
  await browser.visit("/ui/work", away, { allowed: /409/ });
});

test("a new name like one that is there is told when the upload has arrived", async () => {
  const label = JSON.stringify({ source_name: nameOf(1), label: { words: [] } });
  await browser.visit("/ui/work", async (page) => {
    await page.locator(".drop input[type=file]:not([webkitdirectory])").setInputFiles({
      ...{ name: "라벨.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(label) },
    });
    await page.getByRole("combobox", { name: "데이터셋" }).fill("영수증");
    await page.getByRole("combobox", { name: "태스크" }).selectOption("words");
    await page.getByRole("combobox", { name: "배리언트" }).fill("oddd");
    await page.getByRole("button", { name: "올리기" }).click();
    await page.getByRole("status").getByText("the variant oddd is new").waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});

/** Uploads rows, and waits until the page can have them. */
async function arrive(to: Record<string, string>, rows: readonly object[]): Promise<void> {
  const query = new URLSearchParams({ name: "rows.jsonl", ...to });
  const url = `${server.url}/uploads/u${"b".repeat(32)}/input?${query}`;
  const body = rows.map((row) => JSON.stringify(row)).join("\n");
  expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
  expect((await fetch(`${server.url}/process`, { method: "POST" })).ok).toBe(true);
  const narrow = new URLSearchParams({ variants: to.variant as string, count: "1" });
  await until(async () => {
    const answer = await fetch(`${server.url}/rows?${narrow}`);
    return answer.ok && ((await answer.json()) as BrowseDocument).total === rows.length;
  });
}

test("no shares stand in the form where rows have a split of their own, ticked or selected", async () => {
  const words = { type: "task", provider: "hub", dataset: "영수증", task: "words" };
  const rows = ["Training", "Validation"].map((split, at) => ({
    ...{ source_name: nameOf(at + 1), label: { words: [] }, split },
  }));
  await arrive({ ...words, variant: "official" }, rows);
  const shares = async (page: Page) => {
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("형식").selectOption("coco");
    return dialog.getByLabel("나눌 비율");
  };
  await browser.visit("/ui/browse?variants=official", async (page) => {
    // Then the rows have been counted.
    await page.getByRole("group", { name: "분할" }).waitFor();
    await page.getByRole("button", { name: "이 행들 내려받기" }).click();
    const empty = (field: Locator) => until(async () => (await field.inputValue()) === "");
    await empty(await shares(page));
    await page.keyboard.press("Escape");
    await page.locator(".grid-cell").first().getByRole("checkbox").click();
    await page.goto("/ui/browse?tasks=words&variants=v1");
    await page.getByRole("button", { name: "선택한 행 내려받기" }).click();
    const field = await shares(page);
    await empty(field);
    await page.getByRole("radio", { name: "선택 조건의 모든 행" }).check();
    await page.locator('[role="region"]', { hasText: "--split train=0.9,val=0.1" }).waitFor();
    const counted = page.waitForResponse((response) => response.url().includes("/statistics?"));
    await page.getByRole("radio", { name: "선택한 행만" }).check();
    await counted;
    await empty(field);
    await field.fill("train=0.5,val=0.5");
    await page.getByRole("radio", { name: "선택 조건의 모든 행" }).check();
    expect(await field.inputValue()).toBe("train=0.5,val=0.5");
  });
});

test("a job that is done says how many of its uploads failed", async () => {
  const to = { type: "task", provider: "hub", dataset: "영수증", task: "words", variant: "nowhere" };
  const query = new URLSearchParams({ ...to, name: "nowhere.jsonl" });
  const url = `${server.url}/uploads/u${"c".repeat(32)}/input?${query}`;
  const body = JSON.stringify({ source_name: "없는 쪽.jpg", label: { words: [] } });
  expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
  const { job_id: id } = (await (await fetch(`${server.url}/process`, { method: "POST" })).json()) as {
    job_id: string;
  };
  await browser.visit("/ui/work", async (page) => {
    const job = page.locator(`tr[data-job="${id}"]`);
    await job.getByText("완료").waitFor();
    await job.getByText("(실패: 1)").waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});

test("an upload that was refused is listed as that, not as one of which a part is missing", async () => {
  const refuse = async (page: Page) => {
    await page.locator(".drop input[type=file]:not([webkitdirectory])").setInputFiles({
      ...{ name: "보고서.docx", mimeType: "application/x", buffer: Buffer.from("PK\x03\x04 none") },
    });
    await page.getByRole("button", { name: "올리기" }).click();
    await page.getByRole("alert").getByText("지원하지 않는 형식입니다").waitFor();
    await page.reload();
    const listed = page.locator("[data-unfinished]", { hasText: "보고서.docx" });
    await listed.getByText("받아들여지지 않음").waitFor();
    await listed.getByRole("button", { name: /버리기/ }).click();
    await listed.waitFor({ state: "detached" });
  };
  await browser.visit("/ui/work", refuse, { allowed: /415/ });
});

test("an upload that failed for its rejected rows is tried again with more of them allowed", async () => {
  const to = { type: "task", provider: "hub", dataset: "영수증", task: "words", variant: "partly" };
  const query = new URLSearchParams({ ...to, name: "partly.jsonl" });
  const url = `${server.url}/uploads/u${"d".repeat(32)}/input?${query}`;
  const rows = [nameOf(1), nameOf(2), "없는 쪽.jpg"].map((name) => ({
    source_name: name,
    label: { words: [] },
  }));
  const body = rows.map((row) => JSON.stringify(row)).join("\n");
  expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
  expect((await fetch(`${server.url}/process`, { method: "POST" })).ok).toBe(true);
  await browser.visit("/ui/work", async (page) => {
    const upload = page.locator("tr[data-upload]", { hasText: "hub/영수증/words/partly" });
    await upload.getByText("실패").waitFor();
    const retry = upload.getByRole("button", { name: "다시 시도" });
    // Closed by key or by button, the focus is where it was.
    for (const close of ["Escape", "Enter"]) {
      await retry.focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      if (close === "Enter") await page.getByRole("button", { name: "닫기" }).focus();
      await page.keyboard.press(close);
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect([close, await retry.evaluate((one) => one.matches(":focus"))]).toEqual([close, true]);
    }
    await retry.click();
    const dialog = page.getByRole("dialog", { name: "업로드 다시 시도" });
    await dialog.getByText("3행 가운데 1행이 거부되어").waitFor();
    const limit = dialog.getByLabel("허용할 거부된 행");
    expect([await limit.inputValue(), await limit.evaluate((one) => one.matches(":focus"))]).toEqual([
      "1",
      true,
    ]);
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await upload.getByText("대기").waitFor();
    await page.getByRole("button", { name: "지금 처리" }).click();
    await upload.getByText("완료").waitFor();
  });
});
