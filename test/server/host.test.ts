import { expect, test } from "bun:test";
import { createHostCheck, parseHost } from "../../src/server/auth/host.ts";

test("a Host header is a name or an address, with a port or without", () => {
  const names = {
    a: "a",
    nas: "nas",
    "NAS:8091": "nas",
    "nas:": "nas",
    "lake.example.": "lake.example",
    lake_1: "lake_1",
    "10.0.0.5:1": "10.0.0.5",
    "[::1]": "::1",
    "[0:0:0:0:0:0:0:1]:8091": "::1",
    "[::ffff:10.0.0.5]": "::ffff:a00:5",
    "xn--3e0b707e": "xn--3e0b707e",
  };
  for (const [header, name] of Object.entries(names))
    expect([header, parseHost(header)]).toEqual([header, name]);
  const none = [
    "",
    " ",
    "::1",
    "[::1",
    "[1]",
    "[::g]",
    "nas:99999",
    "nas:8o",
    "nas:1:2",
    "u@nas",
    "nas/x",
    "nas?x",
  ];
  for (const header of [
    ...none,
    "nas#x",
    "nas\\x",
    "a b",
    "nas, evil",
    "%6eas",
    "한국",
    "-",
    "a".repeat(300),
  ]) {
    expect([header, parseHost(header)]).toEqual([header, undefined]);
  }
});

test("only the server's own names pass", () => {
  const isOwn = createHostCheck("10.0.0.5", ["lake.example:8091", "nas", "fe80::1"]);
  const own = [
    "localhost:8091",
    "127.0.0.1",
    "[::1]:8091",
    "10.0.0.5:1",
    "LAKE.example",
    "nas:80",
    "[fe80:0::1]",
  ];
  for (const header of own) expect([header, isOwn(parseHost(header) ?? "")]).toEqual([header, true]);
  const foreign = [
    "evil.example",
    "localhost.evil.example",
    "10.0.0.6",
    "127.0.0.1.evil:80",
    "127.1",
    "[::2]",
    "",
  ];
  for (const header of foreign) expect([header, isOwn(parseHost(header) ?? "")]).toEqual([header, false]);
});
