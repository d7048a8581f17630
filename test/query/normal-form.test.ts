import { expect, test } from "bun:test";
import { MAYBE_UNNORMALIZED } from "../../src/query/normal-form.ts";

const pattern = new RegExp(MAYBE_UNNORMALIZED.replaceAll(/\\x\{([0-9A-F]+)\}/g, "\\u{$1}"), "u");

test("every character that NFC replaces, or composes with one before it, is in the class", () => {
  const missing: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    if (character.normalize("NFC") !== character && !pattern.test(character)) missing.push(character);
    const [, ...composing] = character.normalize("NFD");
    missing.push(...composing.filter((part) => !pattern.test(part)));
  }
  expect(missing).toEqual([]);
});

test("texts as people write them show at once that they are in NFC", () => {
  for (const text of ["세금계산서 합계 12,000원", "Größe 5 µm", "請求書", "納品書 ガ", "Счёт", "👍🏽"]) {
    expect(pattern.test(text.normalize("NFC")), text).toBe(false);
  }
});
