/**
 * Prints what failed in the JUnit files that runs of `bun test` wrote, with what went wrong outside of a test, which
 * stands in what the run printed alone (`<file>.log`); then `N passed, N failed`, and ends with 1 when one failed. A run
 * that left no file, ran no test, or did not come to its end has failed itself.
 */
const { existsSync, readFileSync } = require("node:fs");

// Enough to see what was expected; the whole stands where the test ran.
const MOST_OF_A_FAILURE = 3000;
const LAST_LINES = 40;
const LINES_BEFORE = 15;
const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** The text of an attribute or element of XML. */
const plain = (text) =>
  text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) =>
    name === undefined
      ? String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16))
      : (ENTITIES[name] ?? whole),
  );

const attribute = (tag, name) => plain(tag.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? "");

const say = (file, what, reason) =>
  process.stdout.write(`Failed: ${file}: ${what}\n${reason.trimEnd().slice(0, MOST_OF_A_FAILURE)}\n`);

const read = (path) => (existsSync(path) ? readFileSync(path, "utf8") : "");

/** Says which tests failed: as file, name and reason, which stand far above in the output, or are cut from a log. */
function sayFailures(junit) {
  for (const [testcase, tag] of junit.matchAll(/(<testcase\b[^>]*?)(?:\/>|>[\s\S]*?<\/testcase>)/g)) {
    const name = [attribute(tag, "classname"), attribute(tag, "name")].filter(Boolean).join(" > ");
    if (testcase.includes("<skipped")) process.stdout.write(`Left out: ${name}\n`);
    const failure = testcase.match(/<(?:failure|error)\b[^>]*?(?:\/>|>([\s\S]*?)<\/(?:failure|error)>)/);
    if (failure === null) continue;
    const reason = plain(failure[1] ?? "") || attribute(failure[0], "message");
    // So are hooks called that failed: beforeAll, afterAll.
    say(attribute(tag, "file"), name === "(unnamed)" ? "a hook of all its tests" : name, reason);
  }
}

/** Says what went wrong outside of a test. Gives how many failures those are that JUnit does not count. */
function sayOutside(log) {
  const linesBefore = (index) => log.slice(0, index).trimEnd().split("\n").slice(-LINES_BEFORE).join("\n");
  for (const { 0: line, 1: file, index } of log.matchAll(/^✗ (\S+) \(worker crashed: .*\)$/gm))
    say(file, "the process that ran it ended", `${line}\nThe last lines before:\n${linesBefore(index)}`);
  const errors = [...log.matchAll(/^# Unhandled error between tests\n-{10,}\n([\s\S]*?)\n-{10,}$/gm)];
  for (const { 1: told, index } of errors) {
    // Files go side by side: the stack of an error knows better than the heading above whose it is.
    const heading = log
      .slice(0, index)
      .match(/^\S+\.test\.tsx?(?=:$)/gm)
      ?.at(-1);
    const own = told.match(/\btest\/[\w./-]+\.test\.tsx?/)?.[0];
    say(own ?? heading ?? "a file", "outside of its tests", told);
  }
  const aborted = [...log.matchAll(/^✗ (\S+) \(aborted: .*\)$/gm)].map(([, file]) => file);
  if (aborted.length > 0) say(`${aborted.length} files`, "were not run after that", aborted.join(" "));
  return errors.length + aborted.length;
}

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const [junit, log] = [read(file), read(`${file}.log`)];
  sayFailures(junit);
  const outside = sayOutside(log);
  const head = junit.match(/<testsuites[^>]*>/)?.[0];
  const count = (name) => Number(attribute(head ?? "", name));
  const wrong = count("failures") + count("errors");
  const right = count("tests") - wrong - count("skipped");
  passed += Math.max(0, right);
  failed += wrong + outside;
  const hasFailed = wrong + outside > 0;
  // A run that failed without a failure has one that nobody has told.
  const isTold = hasFailed || !/\nended with (?!0\n).*\n$/.test(log);
  const isOver = log === "" || (isTold && /^Ran \d+ tests? across /m.test(log));
  if (isOver && (hasFailed || right > 0)) continue;
  // What ended a run stands at its end.
  const end = log.trimEnd().split("\n").slice(-LAST_LINES).join("\n").slice(-MOST_OF_A_FAILURE);
  say(file, "the run itself", end || "it left nothing");
  if (!hasFailed) failed += 1;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
