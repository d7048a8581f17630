import { describe, expect, test } from "bun:test";
import { passwordBytes } from "../../src/documents/pdfium/passwords.ts";
import { encryptedPdf, NO_COPYING } from "./encrypt-pdf.ts";
import { startReader } from "./reader.ts";
import { samplesOf } from "./samples.ts";

const { reader, page, file, folder } = startReader();
const PAGES = [{ content: "0 g 0 421 595 421 re f" }];
const SENTENCE =
  "PDF is encrypted; give its password: --password-file of the command, X-Document-Password over HTTP";

describe("an encrypted document", () => {
  const path = file(encryptedPdf(PAGES, { user: "비밀", owner: "주인" }));

  for (const [name, passwords] of [
    ["the user's password", ["비밀"]],
    ["the owner's password", ["주인"]],
    ["one of several", ["wrong", "", "비밀"]],
    ["one in the parts that a keyboard of macOS gives", ["비밀".normalize("NFD")]],
  ] as const) {
    test(`opens with ${name}`, async () => {
      expect(await reader.describe(path, { passwords })).toMatchObject({ pages: 1, encrypted: true });
      const output = `${folder}/open`;
      expect(await page(path, { passwords: [...passwords], output })).toMatchObject({ ok: true });
      const { at } = await samplesOf(output);
      expect([at(10, 10), at(10, 800)]).toEqual([[0], [255]]);
    });
  }

  test("opens with no other", async () => {
    for (const passwords of [[], ["secret"], ["", "비", "밀"]]) {
      const said =
        passwords.length === 0 ? SENTENCE : "PDF is encrypted, and none of the given passwords opens it";
      expect(reader.describe(path, { passwords })).rejects.toThrow(said);
      expect(page(path, { passwords })).rejects.toThrow(said);
    }
  });

  test("of an empty password opens by itself, and says what its maker forbids", async () => {
    const open = { user: "", owner: "own", permissions: NO_COPYING };
    expect(await reader.describe(file(encryptedPdf(PAGES, open)), { passwords: [] })).toEqual({
      kind: "pdf",
      pages: 1,
      encrypted: true,
      copyForbidden: true,
      notices: ["its maker forbids to copy text and images out of it"],
    });
  });
});

test("a password is tried as UTF-8, composed, and in the code page of Korean programs", () => {
  const forms = passwordBytes("똠방각하1".normalize("NFD")).map((bytes) => Buffer.from(bytes));
  expect(forms.map((bytes) => bytes.toString("utf8")).slice(0, 2)).toEqual([
    "똠방각하1".normalize("NFD"),
    "똠방각하1",
  ]);
  expect(new TextDecoder("euc-kr").decode(forms[2])).toBe("똠방각하1");
  expect(passwordBytes("secret").map((bytes) => Buffer.from(bytes).toString())).toEqual(["secret"]);
});
