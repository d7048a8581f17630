/** Prints `N passed, N failed` from the JUnit file that `bun test` wrote; without one the run itself has failed. */
const { existsSync, readFileSync } = require("node:fs");

const file = process.argv[2];
const head = existsSync(file) ? readFileSync(file, "utf8").match(/<testsuites[^>]*>/)?.[0] : undefined;
const count = (name) => Number(head?.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0);
const failed = head === undefined ? 1 : count("failures") + count("errors");
const passed = Math.max(0, count("tests") - failed - count("skipped"));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
