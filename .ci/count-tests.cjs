/**
 * Prints what failed in the JUnit files that runs of `bun test` wrote, then `N passed, N failed`, and ends with 1 when
 * one failed. A run that left no file, or ran no test, has failed itself.
 */
const { existsSync, readFileSync } = require("node:fs");

// Enough to see what was expected; the whole stands where the test ran.
const MOST_OF_A_FAILURE = 3000;
const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** The text of an attribute or element of XML. */
const plain = (text) =>
  text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) =>
    name === undefined
      ? String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16))
      : (ENTITIES[name] ?? whole),
  );

const attribute = (tag, name) => plain(tag.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? "");

/** A failed test as file, name and reason: far above in the output, or cut from a log that keeps its end alone. */
function failureOf(testcase, tag) {
  const failure = testcase.match(/<(?:failure|error)\b[^>]*?(?:\/>|>([\s\S]*?)<\/(?:failure|error)>)/);
  const reason = plain(failure?.[1] ?? "") || attribute(failure?.[0] ?? "", "message");
  return `Failed: ${attribute(tag, "file")}: ${attribute(tag, "name")}\n${reason.slice(0, MOST_OF_A_FAILURE)}\n`;
}

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const head = text.match(/<testsuites[^>]*>/)?.[0];
  for (const [testcase, tag] of text.matchAll(/(<testcase\b[^>]*?)(?:\/>|>[\s\S]*?<\/testcase>)/g)) {
    if (testcase.includes("<skipped")) process.stdout.write(`Left out: ${attribute(tag, "name")}\n`);
    if (/<(failure|error)\b/.test(testcase)) process.stdout.write(failureOf(testcase, tag));
  }
  const count = (name) => Number(attribute(head ?? "", name));
  const wrong = count("failures") + count("errors");
  const right = count("tests") - wrong - count("skipped");
  passed += Math.max(0, right);
  failed += wrong === 0 && right <= 0 ? 1 : wrong;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
