/**
 * Prints `N passed, N failed` of the JUnit files that runs of `bun test` wrote, and ends with 1 when one failed. A run
 * that left no file, or ran no test, has failed itself.
 */
const { existsSync, readFileSync } = require("node:fs");

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const head = text.match(/<testsuites[^>]*>/)?.[0];
  for (const [, name] of text.matchAll(/<testcase name="([^"]*)"[^>]*>\s*<skipped/g))
    process.stdout.write(`Left out: ${name}\n`);
  const count = (name) => Number(head?.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0);
  const wrong = count("failures") + count("errors");
  const right = count("tests") - wrong - count("skipped");
  passed += Math.max(0, right);
  failed += wrong === 0 && right <= 0 ? 1 : wrong;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
