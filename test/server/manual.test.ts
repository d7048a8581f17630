/** The manual as browsers show it. */
import { expect, test } from "bun:test";
import { listTopics, readPage } from "../../src/docs/pages.ts";
import { appWithoutLake } from "./app-kit.ts";

const { app } = await appWithoutLake();
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://localhost${path}`, { headers }));
const addresses = listTopics().flatMap(({ topic }) => [`/ui/manual/${topic}`, `/ui/manual/ko/${topic}`]);

/** What a page links to or loads, as addresses of this server. */
function targets(html: string, address: string): URL[] {
  return Array.from(
    html.matchAll(/(?:href|src)="([^"]*)"/g),
    ([, to]) => new URL(to as string, `http://localhost${address}`),
  ).filter(({ host }) => host === "localhost");
}

test("every page is there in both languages, under the policy of the page, and every link in it leads somewhere", async () => {
  const known = new Map<string, string>();
  const textOf = async (path: string) => {
    const kept = known.get(path);
    if (kept !== undefined) return kept;
    const answer = await get(path);
    expect([path, answer.status]).toEqual([path, 200]);
    const text = await answer.text();
    known.set(path, text);
    return text;
  };
  for (const address of addresses) {
    const answer = await get(address);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    for (const { pathname, hash } of targets(await textOf(address), address)) {
      const text = await textOf(pathname);
      const id = decodeURIComponent(hash.slice(1));
      if (id !== "") expect([address, hash, text.includes(`id="${id}"`)]).toEqual([address, hash, true]);
      // Not the page, which answers to every other address.
      if (pathname.startsWith("/ui/manual/")) expect(addresses).toContain(pathname);
    }
  }
});

test("the manual without a page is its first page, in the language of the address or of the browser", async () => {
  const korean = { "accept-language": "ko-KR,ko;q=0.9" };
  const placeOf = async (path: string, headers: Record<string, string> = {}) => {
    const { status, headers: answered } = await get(path, { ...BROWSER, ...headers });
    return [status, answered.get("location")];
  };
  for (const end of ["", "/"]) {
    expect(await placeOf(`/ui/manual${end}`)).toEqual([302, "/ui/manual/overview"]);
    expect(await placeOf(`/ui/manual${end}`, korean)).toEqual([302, "/ui/manual/ko/overview"]);
    expect(await placeOf(`/ui/manual/ko${end}`)).toEqual([302, "/ui/manual/ko/overview"]);
  }
});

test("an address of the manual without a page says so, with the list of the pages, in its language", async () => {
  const texts = { "/ui/manual/": "has no such page", "/ui/manual/ko/": "그런 쪽이 없습니다" };
  // Whatever it is called.
  const names = ["xyz", "missing", "http.md", "http/x", "%EC%97%86%EC%9D%8C"];
  const missing = Object.entries(texts).flatMap(([below, text]) =>
    names.map((name) => ({ below, text, address: below + name })),
  );
  for (const { below, address, text } of missing) {
    const answer = await get(address, BROWSER);
    expect([address, answer.status]).toEqual([address, 404]);
    const html = await answer.text();
    expect(html).toContain(text);
    const linked = targets(html, address).map(({ pathname }) => pathname);
    for (const { topic } of listTopics()) expect(linked).toContain(below + topic);
  }
});

test("a page says what its Markdown says, with tables, code and images", async () => {
  const text = await (await get("/ui/manual/page")).text();
  expect(text).toContain('<html lang="en">');
  expect(text).toContain("<title>The page in the browser · Manual · datalake</title>");
  expect(text).toMatch(/<img src="\/ui\/files\/browse-[0-9a-f]{20}\.webp" alt="Browse"/);
  expect(text).toContain("<td>a grid of the pages of any selection");
  expect(text).toContain('<h2 id="browse">Browse</h2>');
  for (const { topic, languages } of listTopics()) {
    const { text: markdown } = readPage(topic, "en");
    const html = await (await get(`/ui/manual/${topic}`)).text();
    const rows = markdown.split("\n").filter((line) => /^\| /.test(line)).length;
    expect([topic, html.split("<tr>").length - 1]).toEqual([topic, rows]);
    const korean = await (await get(`/ui/manual/ko/${topic}`)).text();
    expect(korean).toContain('<html lang="ko">');
    expect(korean).toContain(
      `<main id="main" tabindex="-1" lang="${languages.includes("ko") ? "ko" : "en"}"`,
    );
  }
});

test("who reads Korean stays there, also from a page that is not translated", async () => {
  const linked = async (address: string) =>
    targets((await (await get(address)).text()).split("<main")[1] ?? "", address).map(
      ({ pathname }) => pathname,
    );
  expect(await linked("/ui/manual/ko/page")).toContain("/ui/manual/ko/engineer");
  expect(await linked("/ui/manual/ko/engineer")).toContain("/ui/manual/ko/training");
  expect(await linked("/ui/manual/ko/http")).toContain("/ui/manual/ko/errors");
  expect(await linked("/ui/manual/ko/overview")).toContain("/ui/manual/overview");
  expect(await linked("/ui/manual/overview")).toContain("/ui/manual/ko/overview");
});

test("images are sent as they are, and never change", async () => {
  const [path] =
    /\/ui\/files\/browse-[0-9a-f]+\.webp/.exec(await (await get("/ui/manual/page")).text()) ?? [];
  const answer = await get(path as string, { "accept-encoding": "gzip, br" });
  expect([answer.headers.get("content-type"), answer.headers.get("content-encoding")]).toEqual([
    "image/webp",
    null,
  ]);
  expect(answer.headers.get("cache-control")).toContain("immutable");
  const own = Bun.file(`${import.meta.dir}/../../src/docs/images/browse.webp`);
  expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(await own.arrayBuffer()))).toBe(true);
});

test("browsers that ask the API for the manual are sent there, programs are not", async () => {
  const place = async (path: string, headers: Record<string, string> = {}) => {
    const { status, headers: answered } = await get(path, { ...BROWSER, ...headers });
    return [status, answered.get("location")];
  };
  expect(await place("/docs")).toEqual([302, "/ui/manual/overview"]);
  expect(await place("/docs", { "accept-language": "ko-KR,ko;q=0.9" })).toEqual([
    302,
    "/ui/manual/ko/overview",
  ]);
  expect(await place("/docs/curator.md")).toEqual([302, "/ui/manual/curator"]);
  expect(await place("/docs/ko/curator")).toEqual([302, "/ui/manual/ko/curator"]);
  expect((await place("/docs/nothing"))[0]).toBe(404);
  expect((await get("/docs", { accept: "*/*" })).headers.get("content-type")).toContain("application/json");
  expect((await get("/docs/curator")).headers.get("vary")).toContain("accept");
});
