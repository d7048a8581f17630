import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands/table.ts";
import { listTopics, readPage } from "../../src/docs/pages.ts";
import { run } from "./harness.ts";

describe("datalake help", () => {
  test("lists the commands and the pages", async () => {
    const { exit, stdout } = await run(["help"]);
    expect(exit).toBe(0);
    for (const name of Object.keys(COMMANDS)) expect(stdout).toContain(`  ${name} `);
    for (const { topic, summary } of listTopics()) {
      expect(stdout).toContain(`  ${topic} `);
      expect(stdout).toContain(summary);
    }
    const document = JSON.parse((await run(["help", "--json"])).stdout);
    expect(document.topics).toEqual(listTopics());
    expect(document.commands.length).toBe(Object.keys(COMMANDS).length);
  });

  test("prints a page as it is", async () => {
    for (const { topic } of listTopics()) {
      expect(await run(["help", topic])).toEqual({ exit: 0, stdout: readPage(topic, "en").text, stderr: "" });
    }
    const { stdout } = await run(["help", "errors", "--json"]);
    expect(JSON.parse(stdout)).toEqual({ topic: "errors", ...readPage("errors", "en") });
  });

  test("prints a page in the language of the person, or in the one asked for", async () => {
    const korean = readPage("curator", "ko").text;
    expect(korean).toContain("업로드");
    const shown = async (args: string[], env: Record<string, string>) =>
      (await run(["help", "curator", ...args], { env })).stdout === korean ? "ko" : "en";
    expect(await shown(["--language", "ko"], {})).toBe("ko");
    expect(await shown([], { LANG: "ko_KR.UTF-8" })).toBe("ko");
    expect(await shown([], { LANG: "ko" })).toBe("ko");
    expect(await shown([], { LANG: "ko_KR.UTF-8", LC_ALL: "C.UTF-8" })).toBe("en");
    expect(await shown([], { LANG: "kok_IN" })).toBe("en");
    expect(await shown(["--language", "en"], { LANG: "ko_KR.UTF-8" })).toBe("en");
    const { exit, stdout, stderr } = await run(["help", "licences", "--language", "ko"]);
    expect([exit, stdout]).toEqual([0, readPage("licences", "en").text]);
    expect(stderr).toContain("English");
  });

  test("prints the help of a command", async () => {
    for (const words of [["upload"], ["config"], ["config", "task", "create"]]) {
      expect(await run(["help", ...words])).toEqual(await run([...words, "--help"]));
    }
  });

  const wrong: [string[], RegExp][] = [
    [["curatr"], /help curator`/],
    [["uplod"], /help upload`/],
    [["zzzzzzzz"], /pages are overview, administrator/],
    [["curator", "names"], /"curator names"/],
    [["upload", "scans"], /"scans"/],
    [["config", "tsak"], /config task`/],
    [["constructor"], /"constructor"/],
  ];
  for (const [words, says] of wrong) {
    test(`${words.join(" ")} is a usage error in one line`, async () => {
      const { exit, stdout, stderr } = await run(["help", ...words]);
      expect([exit, stdout]).toEqual([2, ""]);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
      expect(stderr).toMatch(says);
    });
  }

  test("works where the settings do not", async () => {
    const folder = await mkdtemp(join(tmpdir(), "datalake-help-"));
    try {
      const config = join(folder, "config.yaml");
      await writeFile(config, "serve:\n  prot: 1\n");
      const { exit } = await run(["help", "settings"], { env: { DATALAKE_CONFIG: config } });
      expect(exit).toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
